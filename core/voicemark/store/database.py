"""One SQLite file: opened with the settings that keep it safe, migrated on start, its errors put into words."""

import errno
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from voicemark.errors import DatabaseError
from voicemark.store import connections
from voicemark.store.connections import driver, plain, translated
from voicemark.store.identity import FileIdentity
from voicemark.store.migrate import migrate
from voicemark.store.private import create_private, make_private
from voicemark.store.revision import is_current
from voicemark.store.sqlite_errors import DatabaseLostError, DatabaseUnavailableError
from voicemark.store.sqlite_file import BUSY_TIMEOUT_S, check_file, check_reach, leave_log, roll_back, use_log
from voicemark.store.write_lock import WriteLock


class Database:
    """An open, migrated database. `reading()` and `writing()` give sessions; each is one transaction.

    Both check that the file is still the one that was opened, and raise `DatabaseLostError` when it is not.
    """

    def __init__(self, path: Path, busy_timeout_s: float) -> None:
        """Raises `OSError` when there is no such file."""
        self.path = path
        self._busy_timeout_s = busy_timeout_s
        self._writer = connections.writer(path, busy_timeout_s)
        self._readers = connections.readers(path, busy_timeout_s)
        self._lock = WriteLock(path)
        self._identity = FileIdentity(path)
        self._logs = self._wrote = False

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A session whose changes are committed together at the end, or not at all. Raises `DatabaseError`.

        Not to be begun within another one.
        """
        with translated(self.path), self.locked():
            self.check()
            self._use_log()
            with Session(self._writer) as session:
                with session.begin():
                    self._identity.check_id(plain(session))
                    yield session
                    self.check()
                self.check()  # Also what was committed while the file was taken away is not written.

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session on one consistent snapshot; cannot write to the database. Raises `DatabaseError`."""
        self.check()
        with translated(self.path), Session(self._readers) as session:
            yield session

    @contextmanager
    def snapshot(self) -> Iterator[sqlite3.Connection]:
        """The same for questions in plain SQL."""
        with self.reading() as session:
            yield plain(session)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """No other process of this program writes meanwhile. For what is no transaction (vacuum, migration)."""
        self.check()  # Else the lock would be made in the empty folder below a disk that is away.
        with self._lock.held(self._busy_timeout_s):
            self._wrote = True
            yield

    def connection(self) -> Connection:
        """The bare connection of the writer (for pragmas and vacuum, while `locked`); the caller closes it."""
        return self._writer.connect()

    def check(self) -> None:
        """Raises `DatabaseLostError` when the file is no longer at its path, or another one is."""
        try:
            self._identity.check()
        except DatabaseLostError as error:
            self.reconnect()  # What is open has no name any more.
            if error.replaced:
                self._identity.remove_what_it_left()
            raise

    def check_contents(self) -> None:
        """`check`, and that the file was not written over in its place with another database."""
        with self.reading() as session:
            self._identity.check_id(plain(session))

    def may_come_back(self) -> bool:
        """Of a file that is gone: is its whole folder away, as with a disk that is not mounted?"""
        return not self._identity.in_its_folder()

    def reconnect(self) -> None:
        """Begin with new connections: one made while the disk was read-only would stay so."""
        self._writer.dispose()
        self._readers.dispose()
        self._logs = False

    def close(self) -> None:
        """Release the file; the last who does leaves it readable for who may not write beside it."""
        self._readers.dispose()
        if self._wrote:
            with suppress(DatabaseError, OSError):
                self._identity.check()
                with translated(self.path), self._lock.held(0.0), self._writer.connect() as connection:
                    leave_log(driver(connection))
        self.reconnect()
        if self._wrote:
            self._lock.remove()

    def is_current(self) -> bool:
        """Is it of this program's version? Only reads. Raises `DatabaseError`, also for one of a newer program."""
        with self.snapshot() as connection:
            return is_current(connection, self.path)

    def bring_up_to_date(self) -> None:
        """Migrate, if need be. Raises `DatabaseError`."""
        if self.is_current():
            return
        with translated(self.path), self.locked():
            self._use_log()
            migrate(self._readers, self._writer, self.path)

    def _use_log(self) -> None:
        if not self._logs:
            with self._writer.connect() as connection:
                self._logs = use_log(driver(connection))


def open_database(path: Path, *, busy_timeout_s: float = BUSY_TIMEOUT_S) -> Database:
    """Open the database at `path`, creating and migrating it as needed.

    Raises `DatabaseError` when it is locked, read-only, damaged, no database, newer than this program, or another
    program's: such a file is left as it is.
    """
    check_reach(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DatabaseError(
            f"its folder cannot be made: {error.strerror}", path=path, hint="set [database] url to a place you own"
        ) from error
    _make_file(path)
    return _opened(path, busy_timeout_s, private=True)


def open_to_read(path: Path, *, busy_timeout_s: float = BUSY_TIMEOUT_S) -> Database:
    """Open the database at `path` for a question: nothing is made, and nothing is written but a migration that it
    needs. Raises `DatabaseError`."""
    return _opened(path, busy_timeout_s)


def open_read_only(path: Path, *, busy_timeout_s: float = BUSY_TIMEOUT_S) -> Database:
    """Open the database at `path` for a process that never writes: nothing is made and nothing migrated; its `writing`
    is not to be used. Raises `DatabaseError`, also for a database of an older program."""
    database = _attached(path, busy_timeout_s)
    try:
        if not database.is_current():
            raise DatabaseError(
                "was written by an older voicemark", path=path, hint="start the service: it brings it to this version"
            )
    except BaseException:
        database.reconnect()
        raise
    return database


def _make_file(path: Path) -> None:
    try:
        os.close(create_private(path))
    except FileExistsError:
        return
    except OSError as error:
        kind = DatabaseUnavailableError if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS) else DatabaseError
        raise kind(
            f"cannot be made: {error.strerror}", path=path, hint="give this user the right to write its folder"
        ) from error


def _opened(path: Path, busy_timeout_s: float, *, private: bool = False) -> Database:
    database = _attached(path, busy_timeout_s)
    try:
        roll_back(path, busy_timeout_s)
        current = database.is_current()  # Not before that is it known to be ours, whose rights may be taken away.
        for tail in ("", "-wal", "-shm") if private else ():
            make_private(path.with_name(path.name + tail))
        if not current:
            database.bring_up_to_date()
    except BaseException:
        database.reconnect()
        raise
    return database


def _attached(path: Path, busy_timeout_s: float) -> Database:
    check_file(path)
    try:
        return Database(path, busy_timeout_s)
    except OSError as error:
        raise DatabaseError(f"cannot be opened: {error.strerror}", path=path, hint="check that it is a file") from error
