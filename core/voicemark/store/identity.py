"""Is the database that is open still the one at its path?

A file that was deleted or replaced goes on living, without a name, for whoever has it open: SQLite writes to it and
says that all is well. So its device and inode are compared before and after every transaction.
"""

import os
from contextlib import suppress
from pathlib import Path

from voicemark.store.sqlite_errors import DatabaseLostError

SIDE_FILES = ("-wal", "-shm")


class FileIdentity:
    """The file at `path` as it is now, and what lies beside it."""

    def __init__(self, path: Path) -> None:
        """Raises `OSError` when there is none."""
        self._path = path
        self._own = path.stat()
        self._folder = _key(path.parent)
        self._beside: dict[str, tuple[int, int]] = {}

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
            raise DatabaseLostError(
                "was replaced by another file while it was open; nothing more is written to the old one",
                path=self._path,
                hint="the service begins anew with what is there; stop it before you replace its database",
                replaced=True,
            )
        for tail in SIDE_FILES:
            if tail not in self._beside and (key := _key(self._beside_path(tail))) is not None:
                self._beside[tail] = key

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
