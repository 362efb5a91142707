"""A file is replaced in one step: written beside its place, made durable, renamed.

Others see the old one or the new one, whole. What a killed program leaves beside it is taken away by the next that
writes the same file, an hour later.
"""

import hashlib
import os
import secrets
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PART_SUFFIX = ".part"
STALE_S = 3600.0
NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
"""Flags that open a file nobody has made before, and follow no link that waits under its name."""


@contextmanager
def replacing(target: Path, mode: int | None = None) -> Iterator[Path]:
    """An empty file beside `target` to write to, under a name that nobody can guess; it takes its place at the end.

    Its mode is `mode`; None: that of the file which it replaces, else what the umask leaves. Where the block raises,
    `target` stays as it was and the new file goes. Its folder must be there. Raises OSError.
    """
    own = f".{hashlib.sha256(os.fsencode(target.name)).hexdigest()[:16]}"
    _sweep(target.parent, own)
    part = target.with_name(f"{own}.{secrets.token_hex(8)}{PART_SUFFIX}")
    os.close(os.open(part, NEW, 0o666 if mode is None else mode))
    try:
        yield part
        with suppress(FileNotFoundError):
            part.chmod(stat.S_IMODE(target.stat().st_mode) if mode is None else mode)
        sync(part)
        put_in_place(part, target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def write_bytes(target: Path, data: bytes) -> None:
    """Replace `target` by a file that holds `data`. Raises OSError."""
    with replacing(target) as part:
        part.write_bytes(data)


def put_in_place(part: Path, target: Path) -> None:
    """Rename a file that is written and synced, so that the name lasts through a power cut, too. Raises OSError."""
    part.replace(target)
    sync(target.parent)


def sync(path: Path) -> None:
    """Make what was written to a file, or the names in a folder, last through a power cut. Raises OSError.

    A folder that may be written but not read, as recorders' hooks may find it, cannot be synced and is let be.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except PermissionError:
        if path.is_dir():
            return
        raise
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sweep(folder: Path, own: str) -> None:
    """Take away what killed writers of the same file left; a time in the future is that of a clock set back since."""
    with suppress(OSError):
        for left in folder.glob(f"{own}.*{PART_SUFFIX}"):
            if abs(time.time() - left.lstat().st_mtime) > STALE_S:
                left.unlink()
