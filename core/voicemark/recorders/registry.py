"""From a `[[watch]]` table, or from paths on the command line, to adapters."""

import os
from collections.abc import Iterator
from pathlib import Path

from voicemark.config import WatchSection
from voicemark.errors import RecordingError
from voicemark.foreign import Reach
from voicemark.recorders.auto import Auto
from voicemark.recorders.base import Recorder
from voicemark.recorders.enigma2 import Enigma2
from voicemark.recorders.plain import Plain
from voicemark.recorders.tree import is_folder
from voicemark.recorders.tvheadend import Tvheadend
from voicemark.recorders.vdr import Vdr


def recorder_for(section: WatchSection) -> Recorder:
    """The adapter for a watched folder, bound to the folder's settings."""
    reach = reach_of(section)
    vdr = Vdr(section.time_zone, reach)
    plain = Plain(section.name_patterns, section.time_zone, reach)
    tvheadend = Tvheadend(section.dvr_log, section.name_patterns, section.time_zone, reach)
    enigma2 = Enigma2(section.time_zone, reach)
    match section.recorder:
        case "vdr":
            return vdr
        case "tvheadend":
            return tvheadend
        case "enigma2":
            return enigma2
        case "plain":
            return plain
        case "auto":
            return Auto(vdr, tvheadend, enigma2, plain)


def reach_of(section: WatchSection) -> Reach:
    """Where links to files may lead: below the folder and its `disks`. A person who names a single recording, or a
    link to one, means what is there."""
    folders = [section.path, *section.disks]
    if not is_folder(section.path):
        folders = [section.path.parent, Path(os.path.realpath(section.path)).parent, *section.disks]
    return Reach.of(folders)


def find_recordings(path: Path, recorder: str = "auto") -> Iterator[tuple[Recorder, Path]]:
    """The recordings that a person means by `path`: a media file, a `.rec` directory, or a folder of recordings.

    With each comes its own adapter (never the `auto` one). Raises `RecordingError` when there is no such path, or no
    recording at it.
    """
    section = WatchSection.model_validate({"path": path, "recorder": recorder})
    adapter = recorder_for(section)
    if not os.path.lexists(path):
        raise RecordingError("there is no such file or directory", path=path)
    found = False
    pairs = adapter.find_all(path) if isinstance(adapter, Auto) else ((adapter, one) for one in adapter.find(path))
    for pair in pairs:
        found = True
        yield pair
    if not found:
        what = "there is no recording in this folder" if is_folder(path) else "is no recording"
        raise RecordingError(what, path=path, hint="a recording is a media file or a .rec directory of VDR")
