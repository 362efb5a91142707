"""One SQLite file: opened with the settings that keep it safe, migrated on start, its errors put into words.

SQLAlchemy's pysqlite dialect leaves BEGIN to the driver, which never wraps DDL; so the driver is kept out of it
(`isolation_level=None`) and every transaction begins here: IMMEDIATE for writers, so that a busy database is
noticed before work is done, and deferred for readers.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config as AlembicConfig
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry

from voicemark.errors import DatabaseError
from voicemark.store.views import renew_views, views_are_stale

BUSY_TIMEOUT_S = 90.0
"""How long a writer waits for others: a person's `sqlite3` may well hold a lock for a minute."""

MIGRATIONS = Path(__file__).parent / "migrations"


class DatabaseUnavailableError(DatabaseError):
    """Locked, full or read-only: it may be usable again in a while, and nothing is lost until then."""


class Database:
    """An open, migrated database. `reading()` and `writing()` give sessions; each is one transaction."""

    def __init__(self, path: Path, engine: Engine) -> None:
        self.path = path
        self._engine = engine

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A session whose changes are committed together at the end, or not at all. Raises `DatabaseError`."""
        with translated(self.path), Session(self._engine) as session, session.begin():
            yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session on one consistent snapshot; does not write to the database. Raises `DatabaseError`."""
        with translated(self.path), Session(self._engine.execution_options(voicemark_read=True)) as session:
            yield session

    def connection(self) -> Connection:
        """A bare connection (for pragmas, vacuum and backup); the caller closes it."""
        return self._engine.connect()

    def close(self) -> None:
        """Release the file."""
        self._engine.dispose()


def open_database(path: Path, *, busy_timeout_s: float = BUSY_TIMEOUT_S) -> Database:
    """Open the database at `path`, creating and migrating it as needed.

    Raises `DatabaseError` when it is locked, read-only, damaged, no database, or newer than this program.
    """
    if not path.parent.is_dir():
        try:
            path.parent.mkdir(parents=True)
        except OSError as error:
            raise DatabaseError(
                f"its folder cannot be made: {error.strerror}", path=path, hint="set [database] url to a place you own"
            ) from error
    engine = _engine(path, busy_timeout_s)
    with translated(path):
        _migrate(engine, path)
    return Database(path, engine)


def _engine(path: Path, busy_timeout_s: float) -> Engine:
    engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": busy_timeout_s, "check_same_thread": False})

    @event.listens_for(engine, "connect")
    def _configure(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
        connection.isolation_level = None
        # SQLite's own lower() knows ASCII only, and titles are full of umlauts.
        connection.create_function("casefold", 1, _casefold, deterministic=True)
        # FULL: a committed recording is not lost by a power cut; there are only a few commits a minute.
        for pragma in ("foreign_keys=ON", "synchronous=FULL"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        reading = connection.get_execution_options().get("voicemark_read")
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")

    return engine


def _casefold(text: str | None) -> str | None:
    return None if text is None else text.casefold()


def _migrate(engine: Engine, path: Path) -> None:
    """Bring the schema to this program's revision; each migration and its record are one transaction."""
    settings = AlembicConfig()
    settings.set_main_option("script_location", str(MIGRATIONS))
    script = ScriptDirectory.from_config(settings)
    head = script.get_current_head()
    with engine.execution_options(voicemark_read=True).connect() as connection:
        present = MigrationContext.configure(connection).get_current_revision()
    if present is not None and present not in {revision.revision for revision in script.walk_revisions()}:
        raise DatabaseError(
            f"was written by a newer voicemark (revision {present}; this one knows {head})",
            path=path,
            hint="upgrade voicemark, or set [database] url to another file",
        )
    if present != head:
        _upgrade(engine, settings)
    with engine.execution_options(voicemark_read=True).connect() as connection:
        stale = views_are_stale(connection)
    if stale:
        with engine.begin() as connection:
            renew_views(connection)


def _upgrade(engine: Engine, settings: AlembicConfig) -> None:
    with engine.connect() as connection:
        # The journal mode lasts in the file; it cannot be changed inside a transaction.
        driver: Any = connection.connection.driver_connection
        driver.execute("PRAGMA journal_mode=WAL")
        settings.attributes["connection"] = connection
        command.upgrade(settings, "head")


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """SQLite's errors as `DatabaseError`s that say what to do."""
    try:
        yield
    except DBAPIError as error:
        raise _explained(path, error.orig or error) from error
    except sqlite3.Error as error:
        raise _explained(path, error) from error


_ADVICE = (
    (
        "is locked",
        "is locked by another program",
        "end what holds it open (an sqlite3 shell with BEGIN?) and try again",
    ),
    ("readonly", "is read-only", "give this user the right to write the file and its folder; is the disk mounted so?"),
    ("unable to open", "cannot be opened", "check that the path exists and may be read and written"),
    ("is full", "the disk is full", "free some space; what was being written will be done again"),
    ("disk i/o", "the disk reported an error", "check space and health of the disk"),
    ("not a database", "is no SQLite database", "set [database] url to another file, or restore a backup"),
    ("malformed", "is damaged", "restore a backup, or move it away and scan again"),
    ("already exists", "holds tables of something else", "set [database] url to another file"),
)

_PASSING = ("is locked", "readonly", "is full")


def _explained(path: Path, error: BaseException) -> DatabaseError:
    text = str(error)
    if "unable to open" in text and path.exists() and os.statvfs(path).f_flag & os.ST_RDONLY:
        text = "readonly"  # Even a reader needs to write beside a database in WAL mode.
    for sign, what, hint in _ADVICE:
        if sign in text.lower():
            kind = DatabaseUnavailableError if sign in _PASSING else DatabaseError
            return kind(what, path=path, hint=hint)
    return DatabaseError(f"SQLite: {text}", path=path)
