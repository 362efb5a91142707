"""Which adapter and which settings serve a path: the one answer for the service, `scan`, `doctor` and all others.

A path below a watched folder is served as its `[[watch]]` table says; of folders in each other, the innermost. Anything
else is found out by looking.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from voicemark.config import WatchSection
from voicemark.errors import RecordingError, RecordingUnreadableError
from voicemark.foreign import Reach
from voicemark.named import named
from voicemark.patience import NoAnswerError, within_patience
from voicemark.recorders.auto import Auto
from voicemark.recorders.base import Recorder
from voicemark.recorders.enigma2 import Enigma2
from voicemark.recorders.ignore import Ignore
from voicemark.recorders.plain import Plain
from voicemark.recorders.tree import is_folder
from voicemark.recorders.tvheadend import Tvheadend
from voicemark.recorders.vdr import Vdr
from voicemark.rights import barred_at, who_may


@dataclass(frozen=True)
class Place:
    """A path as it is known, and the settings that serve it."""

    path: Path
    section: WatchSection
    watched: bool
    """Whether the configuration has that section; else it was found out by looking."""


def recorder_for(section: WatchSection, others: Iterable[WatchSection] = (), languages: Sequence[str] = ()) -> Recorder:
    """The adapter for a watched folder, bound to its settings. What lies below one of the `others` is theirs.

    `languages`: preferred where a recorder tells texts in several.
    """
    reach = reach_of(section)
    inner = [other.path for other in others if other.path != section.path and other.path.is_relative_to(section.path)]
    ignore = Ignore.below(section.path, section.ignore, inner)
    vdr = Vdr(section.time_zone, reach, ignore)
    plain = Plain(section.name_patterns, section.time_zone, reach, ignore)
    tvheadend = Tvheadend(section.dvr_log, section.name_patterns, section.time_zone, reach, ignore, languages)
    enigma2 = Enigma2(section.time_zone, reach, ignore)
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


def place_of(path: Path, watch: Sequence[WatchSection] = ()) -> Place:
    """What serves `path`, however it is reached: a link into a watched folder is the place that it leads to."""
    here = named(path)
    roots = [(section.path, section) for section in watch]
    if not any(here.is_relative_to(root) for root, _ in roots):
        real = _real(here)
        leads = [(section, _real(section.path)) for section in watch]
        over = [(section, root) for section, root in leads if real.is_relative_to(root)]
        if over:
            section, root = max(over, key=lambda pair: len(pair[1].parts))
            return Place(section.path / real.relative_to(root), section, watched=True)
    over_here = [section for root, section in roots if here.is_relative_to(root)]
    if over_here:
        return Place(here, max(over_here, key=lambda section: len(section.path.parts)), watched=True)
    return Place(here, WatchSection(path=here), watched=False)


def find_recordings(
    path: Path, watch: Sequence[WatchSection] = (), languages: Sequence[str] = ()
) -> Iterator[tuple[Recorder, Path]]:
    """The recordings that a person means by `path`: a media file, a `.rec` directory, or a folder of recordings; each
    once, as the service finds it.

    With each comes its own adapter (never the `auto` one). Raises `RecordingError` when there is no such path, or no
    recording at it.
    """
    if barred_at(path) is not None:
        raise RecordingUnreadableError("may not be read by this user", path=path, hint=who_may(path))
    if not os.path.lexists(path):
        raise RecordingError("there is no such file or directory", path=path)
    place = place_of(path, watch)
    inner = [section for section in watch if section.path != place.path and section.path.is_relative_to(place.path)]
    seen: set[Path] = set()
    for section, root in ((place.section, place.path), *((section, section.path) for section in inner)):
        for pair in _found(recorder_for(section, watch, languages), root):
            if pair[1] not in seen:
                seen.add(pair[1])
                yield pair
    if not seen:
        if place.watched and place.section.recorder != "auto":
            what = "there is no recording of {} in this folder" if is_folder(path) else "is no recording of {}"
            raise RecordingError(what.format(place.section.recorder), path=path, hint="see [[watch]] recorder")
        what = "there is no recording in this folder" if is_folder(path) else "is no recording"
        raise RecordingError(what, path=path, hint="a recording is a media file or a .rec directory of VDR")


def _found(adapter: Recorder, path: Path) -> Iterator[tuple[Recorder, Path]]:
    return adapter.find_all(path) if isinstance(adapter, Auto) else ((adapter, one) for one in adapter.find(path))


def _real(path: Path) -> Path:
    """Where links lead; of a place that does not answer, its name."""
    try:
        return Path(within_patience(path, lambda: os.path.realpath(path)))
    except NoAnswerError:
        return path
