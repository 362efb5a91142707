"""Commands that start a player at a place of a recording: mpv, with the voices as chapters, or VLC."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from voicemark.export.base import MarkedRecording, MediaFile

PLAYERS = ("mpv", "vlc")


def installed(wanted: str | None = None) -> str | None:
    """The player that is installed, `wanted` alone where that is asked for; None when there is none."""
    names = (wanted,) if wanted is not None else PLAYERS
    return next((name for name in names if shutil.which(name) is not None), None)


def file_at(recording: MarkedRecording, at_s: float) -> tuple[int, MediaFile]:
    """Number and file in which a moment of the recording lies; the files must have their times."""
    for number, file in enumerate(recording.files):
        if at_s < file.end_s:
            return number, file
    return len(recording.files) - 1, recording.files[-1]


def command(player: str, files: Sequence[Path], start_s: float, chapters: Path | None = None) -> list[str]:
    """How `player` plays `files` one after another, the first from `start_s` (seconds) on; `chapters`: the first one's,
    as ffmetadata, which only mpv reads beside the file."""
    first, *rest = (str(file.absolute()) for file in files)
    if player == "vlc":
        return ["vlc", first, f":start-time={start_s:.3f}", *rest]
    own = [f"--start={start_s:.3f}", *([f"--chapters-file={chapters}"] if chapters else [])]
    if not rest:
        return ["mpv", *own, "--", first]
    return ["mpv", "--{", *own, first, "--}", *rest]
