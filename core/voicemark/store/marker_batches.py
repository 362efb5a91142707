"""Markers for whoever reads them slowly: no snapshot of the database is held while somebody scrolls through them.

What is asked for is read some recordings at a time, each time in a transaction of its own that has ended before the
first of its markers is given away. Between two of them the database may change; no marker is given twice.
"""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from itertools import groupby

from voicemark.store.queries import MarkerFilter, MarkerView, find_markers
from voicemark.store.reader import Readable

FIRST, MOST = 500, 50_000
"""Markers read at a time: few, so that the first line is there at once, then twice as many each time. The most are
some 30 MB."""


def markers_in_batches(database: Readable, wanted: MarkerFilter) -> Iterator[MarkerView]:
    """The markers that `wanted` lets through, by recording and time. Raises `DatabaseError`."""
    at_least = FIRST
    while True:
        batch: list[MarkerView] = []
        with database.snapshot() as connection, closing(find_markers(connection, wanted)) as found:
            for _, of_one in groupby(found, key=lambda marker: marker.recording):
                batch += of_one
                if len(batch) >= at_least:
                    break
        yield from batch
        if len(batch) < at_least:
            return
        wanted = replace(wanted, after=(batch[-1].started_at, batch[-1].recording))
        at_least = min(2 * at_least, MOST)
