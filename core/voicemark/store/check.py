"""Is the database sound? Asked once a day while there is nothing to do; the answer is kept for `voicemark doctor`."""

import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy.orm import Session

from voicemark.store.database import Database
from voicemark.store.schema import AboutRow

EVERY = timedelta(days=1)
SOUND = "ok"
_WHEN, _RESULT = "checked_at", "check_result"


@dataclass(frozen=True)
class Check:
    """What SQLite said of the file, and when; `SOUND`, or its first fault."""

    at: datetime
    result: str


def last_check(session: Session) -> Check | None:
    """The check that was made last; None when there was none yet."""
    when, result = session.get(AboutRow, _WHEN), session.get(AboutRow, _RESULT)
    if when is None or result is None:
        return None
    try:
        return Check(datetime.fromisoformat(when.value), result.value)
    except ValueError:
        return None


def is_due(session: Session, now: datetime) -> bool:
    """Was none made for a day? (A check in the future is one of a clock that was set back since.)"""
    last = last_check(session)
    return last is None or not now - EVERY < last.at <= now


def check(database: Database) -> Check:
    """Ask SQLite (`PRAGMA quick_check`), while others read and write, and keep the answer. Raises `DatabaseError`."""
    with database.reading() as session:
        result = str(session.connection().exec_driver_sql("PRAGMA quick_check(1)").scalar())
    made = Check(datetime.now(UTC), result)
    with database.writing() as session:
        session.merge(AboutRow(key=_WHEN, value=made.at.isoformat()))
        session.merge(AboutRow(key=_RESULT, value=made.result))
    return made


def has_reset_bug(version: tuple[int, ...] = sqlite3.sqlite_version_info) -> bool:
    """Can this SQLite lose a commit when two connections write at once (sqlite.org, "WAL-reset bug")?

    Of its versions from 3.7.0 on all before 3.51.3 can, but for the corrected 3.44.6 and 3.50.7 and what follows them
    in their own series.
    """
    corrected = {44: 6, 50: 7, 51: 3}
    _, minor, patch, *_ = (*version, 0, 0)
    return 7 <= minor < 52 and patch < corrected.get(minor, 1 << 30)
