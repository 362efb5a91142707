"""Clips that were cut, kept for a while: a folder with so many bytes at most, of which what was used longest ago goes.

Clips are people's voices: the folder is its user's alone, and nothing stays in it for longer than a day. It may be
emptied at any time, by anybody who may; whatever is wrong with it, clips are cut anew.
"""

import logging
import os
import re
import secrets
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

log = logging.getLogger(__name__)

SUFFIX = ".wav"
OLDEST_S = 86_400.0
_NAME = re.compile(r"[0-9a-f]{64}\.wav|\.[0-9a-f]{16}\.part")


class ClipCache:
    """Clips by their key, which is 64 hexadecimal digits. Safe between threads."""

    def __init__(self, folder: Path, most_bytes: int) -> None:
        """`folder` is made when something is put there; nothing in it that a cache has not written is touched."""
        self._folder, self._most_bytes = folder, most_bytes
        self._lock = threading.Lock()

    def get(self, key: str) -> BinaryIO | None:
        """The opened clip, which is whole and stays so while it is read; None where there is none."""
        path = self._path(key)
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError:
            return None
        with suppress(OSError):
            os.utime(descriptor)
        return os.fdopen(descriptor, "rb")

    def put(self, key: str, data: bytes) -> None:
        """Keep it, if the disk lets us."""
        path = self._path(key)
        if len(data) > self._most_bytes:
            return
        part = path.with_name(f".{secrets.token_hex(8)}.part")
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with self._lock:
                self._make_room(len(data))
            descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
            try:
                with os.fdopen(descriptor, "wb") as file:
                    file.write(data)
                part.replace(path)
            except OSError:
                part.unlink(missing_ok=True)
                raise
        except OSError as error:
            log.warning("%s: clips are not kept there: %s", self._folder, error.strerror)

    def _path(self, key: str) -> Path:
        if not re.fullmatch("[0-9a-f]{64}", key):
            raise ValueError(key)
        return self._folder / (key + SUFFIX)

    def _make_room(self, size: int) -> None:
        """Remove what is too old, and of the rest the oldest until `size` more bytes fit."""
        now = time.time()
        found: list[tuple[float, int, str]] = []
        with os.scandir(self._folder) as entries:
            for entry in entries:
                if _NAME.fullmatch(entry.name):
                    status = entry.stat(follow_symlinks=False)
                    found.append((status.st_mtime, status.st_size, entry.path))
        left = sum(one for _, one, _ in found)
        for used_at, one, path in sorted(found):
            if left + size <= self._most_bytes and abs(now - used_at) < OLDEST_S:
                continue
            with suppress(FileNotFoundError):
                Path(path).unlink()
            left -= one
