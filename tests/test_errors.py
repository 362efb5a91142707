"""Every error says whose trouble it is: the item's, the place's, or our own."""

import errno
from pathlib import Path

import pytest

from voicemark.errors import (
    DatabaseError,
    NoAudioError,
    RecordingError,
    RecordingUnreadableError,
    RecordingVanishedError,
    ToolError,
    Trouble,
    VoicemarkError,
    trouble_of,
    unreadable,
)


@pytest.mark.parametrize(
    ("error", "trouble"),
    [
        (RecordingError("is no recording"), Trouble.ITEM),
        (NoAudioError("has no audio"), Trouble.ITEM),
        (RecordingUnreadableError("cannot be read"), Trouble.PLACE),
        (RecordingVanishedError("is gone"), Trouble.PLACE),
        (ToolError("ffmpeg is not installed"), Trouble.PLACE),
        (DatabaseError("locked"), Trouble.PLACE),
        (OSError(errno.ENOSPC, "no space"), Trouble.PLACE),
        (PermissionError(errno.EACCES, "denied"), Trouble.PLACE),
        (MemoryError(), Trouble.PLACE),
        (OSError(errno.EINVAL, "invalid"), Trouble.OWN),
        (KeyError("x"), Trouble.OWN),
    ],
    ids=lambda value: type(value).__name__,
)
def test_whose_trouble_it_is(error: BaseException, trouble: Trouble) -> None:
    assert trouble_of(error) is trouble


def test_only_what_all_work_needs_stops_all() -> None:
    assert ToolError.stops_all and DatabaseError.stops_all
    assert not RecordingUnreadableError.stops_all and not RecordingError.stops_all


@pytest.mark.parametrize(
    ("number", "kind", "words"),
    [
        (errno.ENOENT, RecordingVanishedError, "gone"),
        (errno.EACCES, RecordingUnreadableError, "may not be read by this user"),
        (errno.EIO, RecordingUnreadableError, "Input/output error"),
        (errno.ESTALE, RecordingUnreadableError, "Stale file handle"),
        (errno.EISDIR, RecordingError, "Is a directory"),
    ],
)
def test_a_file_that_cannot_be_read_is_judged_only_by_what_is_its_own(
    number: int, kind: type[VoicemarkError], words: str
) -> None:
    error = unreadable(OSError(number, "x"), Path("/srv/a.ts"))
    assert type(error) is kind and words in str(error) and "/srv/a.ts" in str(error)
