"""A stretch of a recording as samples: the very ones that were heard when its turns and markers were made.

`voicemark.audio` finds the place, on the player's clock, over the borders of files and damage. The recording must be
what it was then, before and after; links among its files are followed as far as `voicemark.foreign` allows.
"""

import time

import numpy as np

from voicemark.audio.demux import AudioReader
from voicemark.audio.timeline import Samples
from voicemark.config import Config
from voicemark.errors import RecordingError, RecordingUnreadableError, RecordingVanishedError, unreadable
from voicemark.recorders.registry import find_recordings
from voicemark.recording import Recording, fingerprint
from voicemark.web.sound.stretch import Stretch

STALL_S = 10.0
WITHIN_S = 20.0
WITHIN_WHOLE_S = 60.0
"""Where the clock jumps everything ahead of the place is decoded: four hours of it take that long on a slow machine."""


class ChangedError(RecordingError):
    """The recording is another one than was heard."""


class TooSlowError(RecordingUnreadableError):
    """The place could not be read in the time that somebody waits."""


def cut(stretch: Stretch, config: Config) -> Samples:
    """(n,) 16 kHz mono; shorter than the stretch where the recording ends.

    Raises the `RecordingError` that says why it cannot be had, and `ToolError`.
    """
    ends_at = time.monotonic() + (WITHIN_WHOLE_S if stretch.jumps else WITHIN_S)

    def beat() -> None:
        if time.monotonic() > ends_at:
            raise TooSlowError("could not be read in time", path=stretch.path, hint="is its disk busy? try again")

    recording = _as_heard(stretch, config)
    settings = config.audio.model_copy(update={"stall_s": min(config.audio.stall_s, STALL_S)})
    reader = AudioReader.of(recording, settings, beat, jumps=stretch.jumps)
    parts: list[Samples] = []
    for block in reader.blocks(stretch.start_s, stretch.end_s):
        beat()
        parts.append(block)
    if _content(recording) != stretch.content:
        raise ChangedError("has changed while it was read", path=stretch.path)
    if not any(map(len, parts)):
        raise RecordingError("has no sound at that time", path=stretch.path)
    return np.concatenate(parts)


def _as_heard(stretch: Stretch, config: Config) -> Recording:
    try:
        found = list(find_recordings(stretch.path, config.watch, config.audio.languages))
    except RecordingError as error:
        if error.path == str(stretch.path) and not isinstance(error, RecordingUnreadableError):
            raise RecordingVanishedError("is not there", path=stretch.path, hint="is its disk mounted?") from error
        raise
    except OSError as error:
        raise unreadable(error, stretch.path) from error
    for recorder, path in found:
        recording = recorder.read(path)
        if _content(recording) == stretch.content:
            return recording
    raise ChangedError("has changed since it was heard", path=stretch.path, hint="it is heard anew by itself")


def _content(recording: Recording) -> str:
    try:
        return fingerprint(recording.files)
    except OSError as error:
        raise unreadable(error, recording.path) from error
