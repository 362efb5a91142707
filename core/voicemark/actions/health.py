"""What keeps the work from going on at this moment, in words: a database that cannot be written, disks without room."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from voicemark.config import Config
from voicemark.errors import DatabaseError
from voicemark.store.reader import Reader
from voicemark.store.sqlite_errors import READ_ONLY

LEAST_FREE = 4 << 20
"""Bytes; an hour's results take one megabyte, and SQLite writes them twice."""


def obstacles(database: Reader, config: Config) -> Iterator[str]:
    """What the service would be waiting for if it wanted to write now. Writes nothing."""
    yield from _unwritable(database)
    yield from full_disks(config)


def full_disks(config: Config) -> Iterator[str]:
    """Disks that have no room for what the service wants to write. Only looks."""
    places = {"the database": config.database.path.parent}
    if config.export.formats and not config.export.in_place:
        places["the exports"] = config.export.folder
    if config.service.metrics_file is not None:
        places["the metrics file"] = config.service.metrics_file.parent
    for what, place in places.items():
        free = _free(place)
        if free is not None and free < LEAST_FREE:
            yield (
                f"the disk of {what} is full: {free / 1e6:.1f} MB are free at {place} "
                "(free some space; what waits for it is then written)"
            )


def _unwritable(database: Reader) -> Iterator[str]:
    """Asks for the right to write and gives it back at once; a user who may only read asks nothing."""
    if os.statvfs(database.path).f_flag & os.ST_RDONLY:
        yield f"{database.path}: {READ_ONLY[0]} ({READ_ONLY[1]})"
    if not os.access(database.path, os.W_OK):
        return
    try:
        database.try_to_write()
    except DatabaseError as error:
        yield str(error)


def _free(place: Path) -> int | None:
    """Bytes, of the file system that holds `place` or will hold it; None when it cannot be asked."""
    there = next((folder for folder in (place, *place.parents) if folder.is_dir()), None)
    try:
        return None if there is None else shutil.disk_usage(there).free
    except OSError:
        return None
