"""A person is forgotten: memory, markers and statistics leave the database file for good.

Voices are biometric data, so deleted rows may not linger. A deleted row's bytes stay in a SQLite file until
something is written over them, older copies lie in free pages and in the write-ahead log. Hence: deletion with
`secure_delete` (what is freed is zeroed), then VACUUM (the file is written anew from what is left), and the log is
cut to nothing before and after.
"""

import sqlite3
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, func, select, update

from voicemark.errors import DatabaseError
from voicemark.store.database import Database
from voicemark.store.schema import MarkerRow, MemoryRow, RecordingRow, VoiceRow
from voicemark.store.sqlite_errors import translated


@dataclass(frozen=True)
class Forgotten:
    """What was erased; all zeros when nothing of the voice was kept."""

    name: str
    memories: int
    markers: int
    recordings: tuple[str, ...]
    """Paths of the recordings in which the voice had markers: exported files of these may still name it."""
    others: tuple[str, ...]
    """The names of the voices that are left."""


def forget(database: Database, name: str) -> Forgotten:
    """Erase everything that is kept of the voice `name`, and every trace of it in the file.

    Works for a name that the database does not know as well, so that an interrupted erasure can be finished.
    Raises DatabaseError, also when another program keeps reading, so that the log cannot be emptied.
    """
    with database.writing() as session:
        session.connection().exec_driver_sql("PRAGMA secure_delete=ON")
        mine = select(VoiceRow.id).where(VoiceRow.name == name).scalar_subquery()
        heard_in = select(MarkerRow.recording_id).where(MarkerRow.voice_id == mine)
        recordings = session.scalars(select(RecordingRow.path).where(RecordingRow.id.in_(heard_in))).all()
        markers = session.scalar(select(func.count()).where(MarkerRow.voice_id == mine)) or 0
        memories = session.scalar(select(func.count()).where(MemoryRow.voice_id == mine)) or 0
        session.execute(update(RecordingRow).where(RecordingRow.id.in_(heard_in)).values(match_key=None))
        for table in (MarkerRow, MemoryRow):
            session.execute(delete(table).where(table.voice_id == mine))
        session.execute(delete(VoiceRow).where(VoiceRow.name == name))
        others = session.scalars(select(VoiceRow.name).order_by(VoiceRow.name)).all()
    scrub(database)
    return Forgotten(name, memories, markers, tuple(recordings), tuple(others))


def scrub(database: Database) -> None:
    """Write the file anew from what is in it, and empty its log. Takes as much free space again as it is large.

    Raises DatabaseError when the disk is full or another program keeps the database open in a transaction.
    """
    with translated(database.path), database.connection() as connection:
        driver: Any = connection.connection.driver_connection  # outside of any transaction
        _empty_log(driver, database)
        driver.execute("VACUUM")
        _empty_log(driver, database)


def _empty_log(driver: sqlite3.Connection, database: Database) -> None:
    busy = driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    if busy:
        raise DatabaseError(
            "another program is reading, so old copies in its log cannot be erased yet",
            path=database.path,
            hint="end it and run `voicemark forget` with the same name again",
        )
