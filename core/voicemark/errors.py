"""One family of errors that say what happened, to which file, and what to do about it.

Code deep inside translates a foreign exception (ffmpeg, SQLite, pydantic) once, at its own boundary, into one
of these. The command line prints them as a single line; the service logs them with the same three parts.

Each error also says whose trouble it is (`Trouble`), because that decides what follows: an item that is broken is
tried a few times and set aside; a place that is not as it should be is waited for, and nothing is counted.
"""

import errno
import os
from enum import Enum, auto
from pathlib import Path
from typing import ClassVar


class Trouble(Enum):
    """Whose trouble an error is."""

    ITEM = "the item's"
    """This recording, sample, entry or setting is wrong in itself: its attempts count, the others go on."""
    PLACE = "the place's"
    """A tool, disk, lock, mount, right or the memory is not as it should be at present. It says nothing of the item:
    whatever needs the place waits, nothing is counted, and it is taken up again by itself with a growing pause."""
    OWN = "our own"
    """A fault of this program: the item at hand is set aside with the traceback in the log."""


class VoicemarkError(Exception):
    """What happened (`what`), to which file (`path`), and what the owner can do (`hint`)."""

    trouble: ClassVar[Trouble] = Trouble.ITEM
    stops_all: ClassVar[bool] = False
    """Of the place's troubles: whether no other item of the kind can be done either (a program or the database that
    all of them need), or this item alone is out of reach."""

    def __init__(self, what: str, *, path: Path | str | None = None, hint: str | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.path = None if path is None else str(path).encode("utf-8", "backslashreplace").decode()
        self.hint = hint

    def __str__(self) -> str:
        text = f"{self.path}: {self.what}" if self.path else self.what
        return f"{text} ({self.hint})" if self.hint else text


class ConfigError(VoicemarkError):
    """The configuration is wrong: names the key, the line where known, and what is allowed."""


class RecordingError(VoicemarkError):
    """One recording cannot be processed; the others go on."""


class RecordingUnreadableError(RecordingError):
    """The recording cannot be read at present (a read error, rights, a mount that is away): not to be judged by it."""

    trouble = Trouble.PLACE


class RecordingVanishedError(RecordingUnreadableError):
    """The recording was deleted or moved while it was being read."""


class NoAudioError(RecordingError):
    """The recording has no audio that can be decoded (no stream, scrambled, headers only)."""


class ToolError(VoicemarkError):
    """A program that voicemark needs (ffmpeg, ffprobe) is missing or broken, whatever it is given."""

    trouble = Trouble.PLACE
    stops_all = True


class EnrolmentError(VoicemarkError):
    """A voice's samples cannot make a memory."""


class ModelError(VoicemarkError):
    """Weights cannot be used: corrupt, of another format version, or of another model."""


class DatabaseError(VoicemarkError):
    """The database cannot be used: locked, read-only, damaged, or newer than this program."""

    trouble = Trouble.PLACE
    stops_all = True


class ExportError(VoicemarkError):
    """A marker file cannot be written, or would overwrite what someone else wrote."""


class GuideError(VoicemarkError):
    """An EPG source (XMLTV, epg.data, EIT) cannot be read."""


PASSING = frozenset(
    {
        errno.EACCES, errno.EAGAIN, errno.EBUSY, errno.EDQUOT, errno.EHOSTDOWN, errno.EHOSTUNREACH, errno.EINTR,
        errno.EIO, errno.EMFILE, errno.ENETDOWN, errno.ENETUNREACH, errno.ENFILE, errno.ENODEV, errno.ENOMEM,
        errno.ENOSPC, errno.ENOTCONN, errno.ENXIO, errno.EPERM, errno.EREMOTEIO, errno.EROFS, errno.ESTALE,
        errno.ETIMEDOUT, errno.ETXTBSY,
    }
)  # fmt: skip
"""What the system says when the place fails and not the file."""


def trouble_of(error: BaseException) -> Trouble:
    """Whose trouble any exception is, also one that nobody has translated."""
    if isinstance(error, VoicemarkError):
        return error.trouble
    passing = isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno in PASSING)
    return Trouble.PLACE if passing else Trouble.OWN


class Follows(Enum):
    """What is done with a recording that could not be heard."""

    ALL_WAITS = auto()
    """No other recording can be heard either: it is given back, and whoever goes through them waits, or ends."""
    WAITS = auto()
    """It alone is out of reach, and tried again later without an attempt being counted."""
    RETRIED = auto()
    """Its attempt counts; when they are used up, it is set aside."""
    ASIDE = auto()
    """It is not tried again until a person asks for it."""


def what_follows(error: BaseException) -> Follows:
    """From whatever was raised while a recording was read, heard or written: what lies in the place costs no attempt; a
    recording's own trouble is counted, unless another try would find the same; of an error of this program the
    recording at hand is set aside alone."""
    match trouble_of(error):
        case Trouble.PLACE:
            stops_all = isinstance(error, VoicemarkError) and error.stops_all
            return Follows.ALL_WAITS if stops_all else Follows.WAITS
        case Trouble.OWN:
            return Follows.ASIDE
        case Trouble.ITEM:
            return Follows.ASIDE if isinstance(error, NoAudioError) else Follows.RETRIED


def unreadable(error: OSError, path: Path) -> RecordingError:
    """What it means for the recording that its file `path` met with `error` when it was opened or read."""
    if isinstance(error, FileNotFoundError):
        return RecordingVanishedError("the file is gone", path=path)
    if isinstance(error, PermissionError):
        return RecordingUnreadableError(
            "may not be read by this user", path=path, hint="give the user that runs voicemark read access"
        )
    said = os.strerror(error.errno) if error.errno else str(error)
    if error.errno in PASSING:
        return RecordingUnreadableError(f"cannot be read: {said}", path=path, hint="look at the disk, or the mount")
    return RecordingError(f"cannot be read: {said}", path=path)


def words_of(error: BaseException) -> str:
    """Of an error that nobody has put into words its name as well."""
    return str(error) if isinstance(error, VoicemarkError) else f"{type(error).__name__}: {error}"
