"""One writer at a time, over all processes of this program.

SQLite up to 3.51.2 can lose a commit when one connection checkpoints the log while another commits and begins the log
anew (sqlite.org, "WAL-reset bug"). SQLite's own lock does not prevent that. So whoever writes holds this lock from the
begin of the transaction to behind the checkpoint that may follow it. It is a file of its own: closing any descriptor of
the database itself would drop SQLite's locks on it (fcntl(2)).
"""

import errno
import fcntl
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from voicemark.store.private import create_private
from voicemark.store.sqlite_errors import FULL, LOCKED, DatabaseUnavailableError, read_only

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.002, 0.02


class WriteLock:
    """The lock of the database at `path`; within a process its threads take turns too. Not to be taken twice."""

    def __init__(self, path: Path) -> None:
        self._database = path
        self._path = path.with_name(path.name + "-lock")
        self._threads = threading.Lock()

    @contextmanager
    def held(self, timeout_s: float) -> Iterator[None]:
        """Holding it while inside. Raises `DatabaseUnavailableError` when others hold it for so long."""
        ends = time.monotonic() + timeout_s
        if not self._threads.acquire(timeout=max(timeout_s, 0.0)):
            raise self._unavailable(LOCKED)
        try:
            descriptor = self._take(ends)
            try:
                yield
            finally:
                os.close(descriptor)
        finally:
            self._threads.release()

    def remove(self) -> None:
        """Take the file away, if nobody holds it."""
        with suppress(DatabaseUnavailableError), self.held(0.0):
            self._path.unlink(missing_ok=True)

    def _take(self, ends: float) -> int:
        pause_s = FIRST_PAUSE_S
        while True:
            descriptor = self._open()
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if self._is_still(descriptor):
                    return descriptor
            except BlockingIOError:
                pass
            except BaseException:
                os.close(descriptor)
                raise
            os.close(descriptor)
            if time.monotonic() >= ends:
                raise self._unavailable(LOCKED)
            time.sleep(pause_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)

    def _open(self) -> int:
        try:
            with suppress(FileExistsError):
                return create_private(self._path)
            return os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        except OSError as error:
            said = FULL if error.errno in (errno.ENOSPC, errno.EDQUOT) else read_only(self._database)
            raise self._unavailable(said) from error

    def _is_still(self, descriptor: int) -> bool:
        """Not removed by another process between opening and locking?"""
        try:
            return os.path.samestat(os.fstat(descriptor), self._path.stat())
        except OSError:
            return False

    def _unavailable(self, said: tuple[str, str]) -> DatabaseUnavailableError:
        return DatabaseUnavailableError(said[0], path=self._database, hint=said[1])
