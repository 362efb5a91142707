"""Where an export goes, and putting it there in one step: `.part`, fsync, rename."""

import hashlib
import os
import re
import stat
import time
from pathlib import Path

from voicemark.errors import ExportError
from voicemark.files import NEW, put_in_place

MAX_BYTES = 8 << 20
"""A larger file is not one of the formats that are merged or replaced here."""
STALE_PART_S = 600.0
LONGEST_NAME = 240
"""Bytes; file systems allow 255, some less."""


def mirrored(folder: Path, recording: Path, suffix: str) -> Path:
    """`recording`'s place in the export folder: its whole path below `folder`, with `suffix`.

    No two recordings share one, whatever they are called: a directory that looks like an export gets a `_` more than
    it has, and a name too long for the file system ends in a digest.
    """
    *folders, name = Path(os.path.abspath(recording)).parts[1:] or ("root",)  # noqa: PTH100 (links are not followed)
    return folder.joinpath(*map(_folder_name, folders), _fitting(name, suffix) + suffix)


def _folder_name(name: str) -> str:
    return _fitting(f"{name}_" if _LIKE_EXPORT.search(name) else name, "")


_LIKE_EXPORT = re.compile(r"\.(edl|sm|marks|cuts|ffmetadata|xml|vtt|rttm|json|csv|db)_*$")


def _fitting(name: str, suffix: str) -> str:
    raw = os.fsencode(name)
    if len(raw) + len(suffix) <= LONGEST_NAME:
        return name
    digest = hashlib.sha256(raw).hexdigest()[:16]
    return os.fsdecode(raw[: LONGEST_NAME - len(suffix) - 17]) + "~" + digest


def read_present(target: Path) -> bytes | None:
    """What is at `target`; None when there is nothing. Raises `ExportError` for what cannot be a small file."""
    try:
        descriptor = os.open(target, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise ExportError(f"cannot be read: {error.strerror}", path=target, hint="move it away") from error
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ExportError("is not a file", path=target, hint="move it away")
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            data = file.read(MAX_BYTES + 1)
    finally:
        os.close(descriptor)
    if len(data) > MAX_BYTES:
        raise ExportError("is too large to be a file of markers", path=target, hint="move it away")
    return data


def write_atomically(target: Path, data: bytes, *, present: bytes | None) -> None:
    """Put `data` at `target` in one step: others see the old file or the new one, whole.

    `present` is what was there when `data` was made (None: nothing); when that has changed since, nothing is written.
    Mode and owner of a file that is replaced are kept as far as allowed. Raises `ExportError`.
    """
    part = target.with_name(f".{hashlib.sha256(os.fsencode(target.name)).hexdigest()[:16]}.part")
    try:
        descriptor = _create(part)
    except OSError as error:
        raise _not_written(target, error) from error
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            if present is not None:
                os.fchmod(descriptor, stat.S_IMODE(target.lstat().st_mode))
            _give(part, like=target.parent if present is None else target)
            os.fsync(descriptor)
        if read_present(target) != present:
            raise ExportError("was changed by another program meanwhile", path=target, hint="export it again")
        put_in_place(part, target)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise _not_written(target, error) from error
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _not_written(target: Path, error: OSError) -> ExportError:
    return ExportError(
        f"cannot be written: {error.strerror}", path=target, hint="check permissions, space and that it is mounted"
    )


def _create(part: Path) -> int:
    """A new file; one that a killed program left is taken away first."""
    try:
        return os.open(part, NEW, 0o666)
    except FileExistsError:
        # A time in the future is that of a clock that was set back since.
        if abs(time.time() - part.lstat().st_mtime) < STALE_PART_S:
            raise OSError(0, "another program is writing it") from None
        part.unlink()
        return os.open(part, NEW, 0o666)


def make_folder(folder: Path) -> None:
    """Make `folder` and what is missing above it. Raises `ExportError`."""
    if folder.is_dir():
        return
    try:
        make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        _give(folder, like=folder.parent)
    except OSError as error:
        raise ExportError(f"cannot be made: {error.strerror}", path=folder) from error


def give_to_folders_owner(path: Path) -> None:
    """What root makes belongs to the owner of the folder it lies in: the service, or the recorder, must be able to
    write it too. Raises `OSError`."""
    _give(path, like=path.parent)


def _give(path: Path, *, like: Path) -> None:
    if os.geteuid() == 0:
        owner = like.lstat()
        os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)
