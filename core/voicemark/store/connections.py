"""Connections to the SQLite file for SQLAlchemy: one that writes, and those that only read.

SQLAlchemy's pysqlite dialect leaves BEGIN to the driver, which never wraps DDL; so the driver is kept out of it
(`isolation_level=None`) and every transaction begins here: IMMEDIATE for writers, so that a busy database is
noticed before work is done, and deferred for readers. Neither makes a file: a database that is gone stays gone.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, cast

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool

from voicemark.store.same_dialect import URL, share_compiled
from voicemark.store.sqlite_errors import LOCKED, DatabaseUnavailableError, explained, in_words
from voicemark.store.sqlite_file import connect

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


def plain(session: Session) -> sqlite3.Connection:
    """The driver's own connection of a session, within its transaction: for questions in plain SQL."""
    return driver(session.connection())


def driver(connection: Connection) -> sqlite3.Connection:
    """The driver's own connection: pragmas of the journal's mode do nothing within a transaction."""
    return cast(sqlite3.Connection, connection.connection.driver_connection)


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """SQLite's errors, also as SQLAlchemy wraps them, as `DatabaseError`s that say what to do."""
    try:
        with in_words(path):
            yield
    except DBAPIError as error:
        raise explained(path, error.orig or error) from error
    except PoolTimeoutError as error:
        raise DatabaseUnavailableError(LOCKED[0], path=path, hint=LOCKED[1]) from error


def _engine(path: Path, mode: str, busy_timeout_s: float, **pool: Any) -> Engine:
    made = partial(connect, path, mode, busy_timeout_s)
    return share_compiled(create_engine(URL, creator=made, poolclass=QueuePool, **pool))
