"""Metadata of recordings that were heard before, read again when they changed: a better title that came later, another
name in the recorder. Nothing is decoded.
"""

from voicemark.config import Config
from voicemark.epg.gather import programmes_of
from voicemark.recording import Recording
from voicemark.store.database import Database
from voicemark.store.known import told_otherwise, write_metadata


def refresh(database: Database, recording: Recording, config: Config) -> bool:
    """Store what is told of `recording` now, where that is something else than is stored; whether it was.

    Raises `DatabaseError`.
    """
    with database.reading() as session:
        duration_s = told_otherwise(session, recording)
    if duration_s is None:
        return False
    found = programmes_of(recording, duration_s, config.epg)
    with database.writing() as session:
        if told_otherwise(session, recording) is None:
            return False
        write_metadata(session, recording, found.spans, found.started_at or recording.started_at)
    return True
