"""A database that is only asked something: plain SQLite, for commands that are run often and should answer at once.

`Database` loads what maps tables to objects, which takes longer than most questions. Both give snapshots, so that
whoever asks in plain SQL need not know which it is.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import Protocol

from voicemark.errors import DatabaseError
from voicemark.store.identity import FileIdentity
from voicemark.store.revision import is_current
from voicemark.store.sqlite_errors import in_words
from voicemark.store.sqlite_file import BUSY_TIMEOUT_S, check_file, connect, roll_back
from voicemark.store.write_lock import WriteLock


class Readable(Protocol):
    """Whatever gives snapshots of a database."""

    @property
    def path(self) -> Path:
        """The file."""

    def snapshot(self) -> AbstractContextManager[sqlite3.Connection]:
        """One consistent state; nothing can be written. Raises `DatabaseError`."""


class Reader:
    """An open database of this program's version that is only read."""

    def __init__(self, path: Path, busy_timeout_s: float) -> None:
        """Raises `DatabaseError`."""
        self.path = path
        self._busy_timeout_s = busy_timeout_s
        try:
            self._identity = FileIdentity(path)
        except OSError as error:
            raise DatabaseError(
                f"cannot be opened: {error.strerror}", path=path, hint="check that it is a file"
            ) from error
        with in_words(path):
            self._connection = connect(path, "ro", busy_timeout_s)

    @contextmanager
    def snapshot(self) -> Iterator[sqlite3.Connection]:
        """As `Readable` says."""
        self._identity.check()
        with in_words(self.path):
            self._connection.execute("BEGIN")
            try:
                yield self._connection
            finally:
                self._connection.rollback()

    def try_to_write(self) -> None:
        """Ask for the right to write, and give it back at once. Raises `DatabaseError` when there is none now."""
        self._identity.check()
        lock = WriteLock(self.path)
        try:
            with (
                in_words(self.path),
                lock.held(self._busy_timeout_s),
                closing(connect(self.path, "rw", self._busy_timeout_s)) as connection,
            ):
                connection.execute("BEGIN IMMEDIATE")
                connection.execute("ROLLBACK")
        finally:
            lock.remove()

    def close(self) -> None:
        """Release the file."""
        self._connection.close()


def open_reader(path: Path, *, busy_timeout_s: float = BUSY_TIMEOUT_S) -> Reader:
    """Open the database at `path` for a question: nothing is made, and nothing is written but a migration that it
    needs. Raises `DatabaseError`."""
    check_file(path)
    roll_back(path, busy_timeout_s)
    reader = Reader(path, busy_timeout_s)
    try:
        with reader.snapshot() as connection:
            if is_current(connection, path):
                return reader
    except BaseException:
        reader.close()
        raise
    reader.close()
    from voicemark.store.database import open_to_read  # what is of another version is brought to this one

    open_to_read(path, busy_timeout_s=busy_timeout_s).close()
    return Reader(path, busy_timeout_s)
