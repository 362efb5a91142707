"""Markers read in batches: all of them, once, in order; and nothing of the database is held between two."""

import sqlite3
from contextlib import closing
from itertools import islice

import pytest

from voicemark.store import marker_batches
from voicemark.store.database import Database
from voicemark.store.marker_batches import markers_in_batches
from voicemark.store.queries import MarkerFilter, find_markers

AT = "2024-01-01 00:00:00.000000"
STARTS = [None, None, AT, AT, AT, "2024-02-01 20:15:00.000000"]
"""Of the recordings, in their order: some have no beginning, some the same."""


@pytest.fixture(autouse=True)
def filled(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(marker_batches, "FIRST", 2)
    monkeypatch.setattr(marker_batches, "MOST", 4)
    with closing(sqlite3.connect(database.path)) as connection, connection:
        connection.execute("INSERT INTO voices(id, name, enrolled_at) VALUES (1, 'Anna', ?), (2, 'Bert', ?)", (AT, AT))
        for number, start in enumerate(STARTS):
            connection.execute(
                "INSERT INTO recordings(id, path, recorder, content, title, found_at, started_at) "
                "VALUES (?, ?, 'plain', ?, 'T', ?, ?)",
                (10 - number, f"/v/{number}.ts", str(number), AT, start),
            )
            connection.executemany(
                "INSERT INTO markers(recording_id, voice_id, start_s, end_s, score) VALUES (?, ?, ?, ?, 0.7)",
                [(10 - number, 1 + place % 2, 10.0 - place, 20.0) for place in range(number % 4)],
            )


@pytest.mark.parametrize("speaker", [None, "anna", "nobody"])
def test_batches_are_what_one_reading_gives(database: Database, speaker: str | None) -> None:
    wanted = MarkerFilter(speaker=speaker)
    with database.snapshot() as connection:
        whole = list(find_markers(connection, wanted))
    assert list(markers_in_batches(database, wanted)) == whole
    assert len(whole) == {None: 7, "anna": 5, "nobody": 0}[speaker]


def test_while_somebody_reads_slowly_the_log_can_be_emptied(database: Database) -> None:
    found = markers_in_batches(database, MarkerFilter())
    assert len(list(islice(found, 1))) == 1
    with closing(sqlite3.connect(database.path)) as other:
        other.execute("UPDATE voices SET name = 'Anne' WHERE id = 1")
        other.commit()
        busy, *_ = other.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    assert busy == 0
    assert {marker.speaker for marker in islice(found, 3, None)} == {"Anne", "Bert"}


def test_a_marker_has_the_number_that_play_takes(database: Database) -> None:
    with closing(sqlite3.connect(database.path)) as connection:
        numbers = {row[0] for row in connection.execute("SELECT id FROM markers")}
    assert {marker.id for marker in markers_in_batches(database, MarkerFilter())} == numbers
