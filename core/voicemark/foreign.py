"""The one way to open what is not ours: recordings, what recorders and people wrote beside them, guides, requests.

Opened is a regular file only, never a pipe, a device or a socket, and without touching those; read are bounded bytes,
and of a file that grows only what was there when it was opened; a mount that does not answer is given up.

How links may lead, the one rule (`Reach`): **a link to a file** leads to the real folder in which the link stands, or
below a watched folder, or below one that its owner named beside it (`[[watch]] disks`), or it is not followed. **A link
to a folder** is followed wherever it leads: whole recordings and folders are linked from disk to disk, and what is in
such a folder stands in it, not where the link is.
"""

import io
import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, cast

from voicemark.errors import VoicemarkError
from voicemark.patience import NoAnswerError, within_patience

MAX_DISKS = 100


class ForeignError(VoicemarkError, OSError):
    """A file that is not ours cannot be used. An `OSError` too: who reads need not tell the two apart."""

    def __init__(self, what: str, *, path: Path, hint: str | None = None, number: int = 0) -> None:
        super().__init__(what, path=path, hint=hint)
        self.errno, self.strerror, self.filename = number, what, str(path)


class ForeignMissingError(ForeignError, FileNotFoundError):
    """There is no such file (any more)."""


class LeadsOutError(ForeignError):
    """A link to a file that may not be followed."""


@dataclass(frozen=True)
class Reach:
    """The folders that links to files may lead to, beside the one in which they stand."""

    roots: tuple[str, ...] = ()
    """Real paths."""
    anywhere: bool = False

    @classmethod
    def of(cls, folders: Iterable[Path]) -> "Reach":
        """The watched folders and the disks that belong to them."""
        real = [_real(folder) for folder in folders]
        return cls(tuple(dict.fromkeys(disk for root in real for disk in (root, *_disks(root)))))

    def allows(self, real: str, folder: str) -> bool:
        """Whether a link in `folder` may lead to `real` (both real paths)."""
        if self.anywhere or os.path.dirname(real) == folder:  # noqa: PTH120 (names only)
            return True
        return any(real.startswith(root.rstrip("/") + "/") for root in self.roots)


OWN_FOLDER = Reach()
"""Links lead within their folder."""
ANYWHERE = Reach(anywhere=True)
"""For what the owner named, and what was looked at before."""


def _real(folder: Path) -> str:
    """Where a folder really is; of one that does not answer, its name."""
    try:
        return within_patience(folder, lambda: os.path.realpath(folder))
    except NoAnswerError:
        return os.path.abspath(folder)  # noqa: PTH100


def _disks(root: str) -> list[str]:
    """VDR's further disks: a video folder called `…0` or `…00` has them beside it, `…1`, `…2` or `…01` (vdr.1, -v)."""
    head, name = os.path.split(root)
    base = name.rstrip("0")
    width = len(name) - len(base)
    if not width or not base or base[-1].isdigit():
        return []
    numbers = range(1, min(MAX_DISKS, 10**width))
    return [_real(Path(head, f"{base}{number:0{width}d}")) for number in numbers]


def read_bytes(path: Path, most: int, reach: Reach = OWN_FOLDER) -> bytes:
    """The first `most` bytes of the file at `path`. Raises `ForeignError`, `NoAnswerError`."""

    def read() -> bytes:
        with _open(path, reach) as file:
            return file.read(most)

    return within_patience(path, read)


def opened(path: Path, reach: Reach = OWN_FOLDER) -> BinaryIO:
    """The file at `path`, to be read as far as it goes now. Raises `ForeignError`, `NoAnswerError`; reading raises
    `OSError`, a `NoAnswerError` too."""
    file = within_patience(path, partial(_open, path, reach))
    return cast(BinaryIO, io.BufferedReader(_Patient(file, path), 1 << 16))


def size_of(path: Path, reach: Reach = OWN_FOLDER) -> int:
    """Bytes of the file at `path`, without opening it. Raises `ForeignError`, `NoAnswerError`."""

    def look() -> int:
        try:
            status = path.stat()
            if not stat.S_ISREG(status.st_mode):
                raise _no_file(path)
            if path.is_symlink() and not reach.allows(os.path.realpath(path), os.path.realpath(path.parent)):
                raise _leads_out(path)
            return status.st_size
        except (FileNotFoundError, NotADirectoryError, ValueError):
            raise ForeignMissingError("is not there", path=path) from None
        except ForeignError:
            raise
        except OSError as error:
            raise _told(error, path) from error

    return within_patience(path, look)


def _open(path: Path, reach: Reach) -> "_Bounded":
    """Looks first at what stands there (`O_PATH` opens nothing), and then opens that very file."""
    try:
        looked = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise ForeignMissingError("is not there", path=path, number=error.errno or 0) from None
    except OSError as error:
        raise _told(error, path) from error
    except ValueError:
        raise ForeignMissingError("is no name of a file", path=path) from None
    try:
        if not stat.S_ISREG(os.fstat(looked).st_mode):
            raise _no_file(path)
        real = os.readlink(f"/proc/self/fd/{looked}")  # noqa: PTH115 (of what was opened, whatever stands there since)
        if not reach.allows(real, os.path.realpath(path.parent)):
            raise _leads_out(path)
        descriptor = os.open(f"/proc/self/fd/{looked}", os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    except ForeignError:
        raise
    except OSError as error:
        raise _told(error, path) from error
    finally:
        os.close(looked)
    return _Bounded(descriptor)


def _no_file(path: Path) -> ForeignError:
    return ForeignError("cannot be read: it is no regular file", path=path, hint="move it away")


def _leads_out(path: Path) -> LeadsOutError:
    return LeadsOutError(
        "is a link that leads out of its folder", path=path, hint="name the other folder in [[watch]] disks"
    )


def _told(error: OSError, path: Path) -> ForeignError:
    reason = error.strerror or type(error).__name__
    told = ForeignError(
        f"cannot be read: {reason}",
        path=path,
        hint="give the user that runs voicemark read access",
        number=error.errno or 0,
    )
    told.strerror = reason
    return told


class _Bounded(io.FileIO):
    """A file as long as it was when it was opened: one that grows has an end."""

    def __init__(self, descriptor: int) -> None:
        super().__init__(descriptor, "rb")
        self.size = os.fstat(descriptor).st_size

    def read(self, size: int | None = -1, /) -> bytes:
        """Up to `size` bytes; all the rest when that is negative."""
        left = max(0, self.size - self.tell())
        wanted = left if size is None or size < 0 else min(size, left)
        parts = []
        while wanted > 0 and (part := super().read(min(wanted, 1 << 24))):
            parts.append(part)
            wanted -= len(part)
        return b"".join(parts)


class _Patient(io.RawIOBase):
    """Reads each block within patience."""

    def __init__(self, file: _Bounded, path: Path) -> None:
        super().__init__()
        self._file, self._path = file, path

    def readable(self) -> bool:
        """Yes."""
        return True

    def seekable(self) -> bool:
        """Yes."""
        return True

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """As files do."""
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        """As files do."""
        return self._file.tell()

    def readinto(self, buffer: Any, /) -> int:
        """The next block."""
        data = within_patience(self._path, partial(self._file.read, len(buffer)))
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        """Close the file, too."""
        if not self.closed:
            self._file.close()
        super().close()
