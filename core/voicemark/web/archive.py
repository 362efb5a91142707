"""The database, as the page has it: opened when it is first asked for, for reading alone, anew when it was replaced."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.orm import Session

from voicemark.store.database import Database, open_read_only
from voicemark.store.sqlite_errors import DatabaseLostError

PATIENCE_S = 2.0
"""So long a page waits for a database that somebody has locked; its reader then is told so."""


class Archive:
    """The database at `path`, which need not be there yet. Safe between threads."""

    def __init__(self, path: Path, *, patience_s: float = PATIENCE_S) -> None:
        self.path = path
        self._patience_s = patience_s
        self._open: Database | None = None
        self._lock = threading.Lock()

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that cannot write. Raises `DatabaseError`: there is none, it is locked, of another version, …"""
        with self.database().reading() as session:
            yield session

    def database(self) -> Database:
        """The open database, for what reads it by itself; its `writing` is not to be used. Raises `DatabaseError`."""
        with self._lock:
            if self._open is not None:
                try:
                    self._open.check()
                except DatabaseLostError:
                    self._open = None
            if self._open is None:
                self._open = open_read_only(self.path, busy_timeout_s=self._patience_s)
            return self._open

    def close(self) -> None:
        """Release the file."""
        with self._lock:
            if self._open is not None:
                self._open.close()
            self._open = None
