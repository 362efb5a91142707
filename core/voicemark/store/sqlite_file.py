"""The SQLite file by itself: how it is opened, what a killed program left in it, and whether it keeps a log.

Needs nothing but the standard library, so that a quick question loads nothing else.
"""

import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from voicemark.errors import DatabaseError
from voicemark.rights import barred_at, who_may

BUSY_TIMEOUT_S = 90.0
"""How long a writer waits for others: a person's `sqlite3` may well hold a lock for a minute."""
LOCKED_AFTER_S = 3.0
"""Who asks how things are is told of a lock that is held for so long; the service holds one for milliseconds."""


def check_reach(path: Path) -> None:
    """Raises `DatabaseError` when this user may not read what is at `path`, or not go there."""
    if barred_at(path) is not None:
        raise DatabaseError("may not be read by this user", path=path, hint=who_may(path))


def check_file(path: Path) -> None:
    """Raises `DatabaseError` when there is nothing at `path`, no file, or one that this user may not read."""
    check_reach(path)
    if not path.exists():
        raise DatabaseError("there is no database yet", path=path, hint="start the service, or scan a recording")
    if not path.is_file():  # A pipe would hold SQLite for ever.
        raise DatabaseError("cannot be opened: it is no file", path=path, hint="set [database] url to a file")


def connect(path: Path, mode: str, busy_timeout_s: float) -> sqlite3.Connection:
    """A connection for `mode` ro or rw; neither makes a file. Its transactions begin where somebody says BEGIN."""
    url = f"{path.absolute().as_uri()}?mode={mode}"
    connection = sqlite3.connect(url, uri=True, timeout=busy_timeout_s, check_same_thread=False, isolation_level=None)
    # SQLite's own lower() knows ASCII only, and titles are full of umlauts.
    connection.create_function("casefold", 1, _casefold, deterministic=True)
    return connection


def roll_back(path: Path, busy_timeout_s: float) -> None:
    """Undo what a program that was killed outside of WAL mode (while it went over to it, too) left half done: who only
    reads cannot, and would find the file read-only for ever."""
    journal = path.with_name(path.name + "-journal")
    with suppress(OSError, sqlite3.Error):
        if journal.stat().st_size:
            with closing(connect(path, "rw", busy_timeout_s)) as connection:
                connection.execute("SELECT count(*) FROM sqlite_master").fetchone()


def use_log(connection: sqlite3.Connection) -> bool:
    """See that the file is in WAL mode, in which readers and the writer do not wait for each other.

    False when somebody else has it open in the other mode just now.
    """
    return _journal(connection, "WAL")


def leave_log(connection: sqlite3.Connection) -> bool:
    """Take the file out of WAL mode: only so may somebody read it who may not write in its folder.

    False when others have it open.
    """
    return _journal(connection, "DELETE")


def _casefold(text: str | None) -> str | None:
    return None if text is None else text.casefold()


def _journal(connection: sqlite3.Connection, mode: str) -> bool:
    timeout_ms = connection.execute("PRAGMA busy_timeout").fetchone()[0]
    with suppress(sqlite3.OperationalError):
        try:
            connection.execute("PRAGMA busy_timeout=0")
            return bool(connection.execute(f"PRAGMA journal_mode={mode}").fetchone()[0] == mode.lower())
        finally:
            connection.execute(f"PRAGMA busy_timeout={timeout_ms}")
    return False
