"""Is the database that is open still the one at its path?

A file that was deleted or replaced goes on living, without a name, for whoever has it open: SQLite writes to it and
says that all is well. So its device and inode are compared before and after every transaction. One that was written
over in its place keeps both; what is in it bears another id then (the table `about`), which is compared in each.
"""

import os
import sqlite3
from contextlib import suppress
from pathlib import Path

from voicemark.store.sqlite_errors import DatabaseLostError

OWN_ID = "id"
"""The key in `about` under which a database has its own."""
SIDE_FILES = ("-wal", "-shm")


class FileIdentity:
    """The file at `path` as it is now, and what lies beside it."""

    def __init__(self, path: Path) -> None:
        """Raises `OSError` when there is none."""
        self._path = path
        self._own = path.stat()
        self._folder = _key(path.parent)
        self._beside: dict[str, tuple[int, int]] = {}
        self._id: str | None = None

    def check_id(self, connection: sqlite3.Connection) -> None:
        """Raises `DatabaseLostError` when what is read is another database than before."""
        row = connection.execute("SELECT value FROM about WHERE key = ?", (OWN_ID,)).fetchone()
        found = None if row is None else str(row[0])
        if self._id is None:
            self._id = found
        elif found != self._id:
            raise self._replaced()

    def check(self) -> None:
        """Raises `DatabaseLostError` when it is gone or another one."""
        try:
            present = self._path.stat()
        except OSError as error:
            raise DatabaseLostError(
                "is gone, though it was open: deleted, or is its disk away? Nothing is written until it is back",
                path=self._path,
                hint="bring it back; when it is lost, restore a backup and restart the service",
                replaced=False,
            ) from error
        if not os.path.samestat(present, self._own):
            raise self._replaced()
        for tail in SIDE_FILES:
            if tail not in self._beside and (key := _key(self._beside_path(tail))) is not None:
                self._beside[tail] = key

    def _replaced(self) -> DatabaseLostError:
        return DatabaseLostError(
            "was replaced by another one while it was open; nothing more is written",
            path=self._path,
            hint="the service begins anew with what is there; stop it before you replace its database",
            replaced=True,
        )

    def in_its_folder(self) -> bool:
        """Is the folder still the one that it lay in? Otherwise its disk is away, and it may come back."""
        return self._folder is not None and _key(self._path.parent) == self._folder

    def remove_what_it_left(self) -> None:
        """Take away the log of the file that was replaced: replayed into another file it would damage that."""
        for tail, key in self._beside.items():
            path = self._beside_path(tail)
            if _key(path) == key:
                with suppress(OSError):
                    path.unlink()

    def _beside_path(self, tail: str) -> Path:
        return self._path.with_name(self._path.name + tail)


def _key(path: Path) -> tuple[int, int] | None:
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_dev, stat.st_ino
