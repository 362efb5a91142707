"""Connections to the SQLite file: one that writes, and those that only read.

SQLAlchemy's pysqlite dialect leaves BEGIN to the driver, which never wraps DDL; so the driver is kept out of it
(`isolation_level=None`) and every transaction begins here: IMMEDIATE for writers, so that a busy database is
noticed before work is done, and deferred for readers. Neither makes a file: a database that is gone stays gone.
"""

import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool

LARGEST_LOG = 16 << 20
"""Bytes that the log keeps on disk after it was emptied."""


def writer(path: Path, busy_timeout_s: float) -> Engine:
    """One connection for everything that is written; it alone empties the log."""
    engine = _engine(path, "rw", busy_timeout_s, pool_size=1, max_overflow=0, pool_timeout=busy_timeout_s)

    @event.listens_for(engine, "connect")
    def _configure(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
        # FULL: a committed recording is not lost by a power cut; there are only a few commits a minute.
        for pragma in ("foreign_keys=ON", "synchronous=FULL", f"journal_size_limit={LARGEST_LOG}"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def readers(path: Path, busy_timeout_s: float) -> Engine:
    """Connections that cannot write, and so cannot empty the log either."""
    engine = _engine(path, "ro", busy_timeout_s)

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN")

    return engine


def _engine(path: Path, mode: str, busy_timeout_s: float, **pool: Any) -> Engine:
    url = f"{path.absolute().as_uri()}?mode={mode}"

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(
            url, uri=True, timeout=busy_timeout_s, check_same_thread=False, isolation_level=None
        )
        # SQLite's own lower() knows ASCII only, and titles are full of umlauts.
        connection.create_function("casefold", 1, _casefold, deterministic=True)
        return connection

    return create_engine("sqlite://", creator=connect, poolclass=QueuePool, **pool)


def roll_back(path: Path, busy_timeout_s: float) -> None:
    """Undo what a program that was killed outside of WAL mode (while it went over to it, too) left half done: who only
    reads cannot, and would find the file read-only for ever."""
    journal = path.with_name(path.name + "-journal")
    with suppress(OSError, sqlite3.Error):
        if journal.stat().st_size:
            url = f"{path.absolute().as_uri()}?mode=rw"
            with closing(sqlite3.connect(url, uri=True, timeout=busy_timeout_s)) as connection:
                connection.execute("SELECT count(*) FROM sqlite_master").fetchone()


def _casefold(text: str | None) -> str | None:
    return None if text is None else text.casefold()


def use_log(driver: sqlite3.Connection) -> bool:
    """See that the file is in WAL mode, in which readers and the writer do not wait for each other.

    False when somebody else has it open in the other mode just now.
    """
    return _journal(driver, "WAL")


def leave_log(driver: sqlite3.Connection) -> bool:
    """Take the file out of WAL mode: only so may somebody read it who may not write in its folder.

    False when others have it open.
    """
    return _journal(driver, "DELETE")


def _journal(driver: sqlite3.Connection, mode: str) -> bool:
    timeout_ms = driver.execute("PRAGMA busy_timeout").fetchone()[0]
    with suppress(sqlite3.OperationalError):
        try:
            driver.execute("PRAGMA busy_timeout=0")
            return bool(driver.execute(f"PRAGMA journal_mode={mode}").fetchone()[0] == mode.lower())
        finally:
            driver.execute(f"PRAGMA busy_timeout={timeout_ms}")
    return False
