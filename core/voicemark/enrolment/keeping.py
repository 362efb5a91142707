"""When the memory that is kept of a voice stays in use, though its samples are not what they were.

A sample that the owner has taken away is not remembered any more. One that is out of reach (its disk is away, it is
being copied, ffmpeg is broken) says nothing: the memory stays until a better one can be made. Samples that the memory
was not made of do not count here: a new one that cannot be heard is passed over.
"""

import fnmatch
import glob
import os
from collections.abc import Collection, Iterable, Iterator
from functools import partial
from pathlib import Path

from voicemark.config import SampleSection, SpeakerSection
from voicemark.patience import NoAnswerError, is_there, within_patience
from voicemark.store.memories import StoredMemory
from voicemark.store.paths import path_to_text, text_to_path

MOST_FILES = 10_000
"""Of a folder of samples so many are looked at for changes."""


def out_of_reach(
    stored: StoredMemory, speaker: SpeakerSection, found: Collection[Path], unheard: Collection[Path], troubled: bool
) -> bool:
    """Is a sample that the memory was made of named still, and cannot be heard?

    `found`: the samples that are there; `unheard`: those of them that could not be heard; `troubled`: whether some
    entry of the configuration led to none.
    """
    if stored.sources is None:
        return troubled or bool(unheard) or not found
    return any(
        source in unheard or (source not in found and _is_away(source, speaker))
        for source in map(text_to_path, stored.sources)
    )


def sources_of(samples: Iterable[Path]) -> list[str]:
    """The samples of a memory, as they are kept."""
    return sorted(set(map(path_to_text, samples)))


def stamps(speakers: Iterable[SpeakerSection]) -> tuple[tuple[str, int, int, int], ...]:
    """Name, bytes, time of change and inode of all that the samples' entries lead to: differs when something changed.
    Reads no file."""
    found = []
    for speaker in speakers:
        for entry in speaker.samples:
            place = _path_of(entry)
            try:
                found += within_patience(place, partial(_stamps_at, place))
            except NoAnswerError:
                found.append((place, -1, -1, -1))
    return tuple(found)


def _stamps_at(place: str) -> list[tuple[str, int, int, int]]:
    found = []
    for path in _files_of(place):
        try:
            stat = os.stat(path)  # noqa: PTH116 (many, often)
            found.append((path, stat.st_size, stat.st_mtime_ns, stat.st_ino))
        except OSError:
            found.append((path, -1, -1, -1))
    return found


def _is_away(source: Path, speaker: SpeakerSection) -> bool:
    entries = [_path_of(entry) for entry in speaker.samples if _covers(_path_of(entry), source)]
    if not entries:
        return False  # The owner does not name it any more.
    try:
        if str(source) in entries or is_there(source):
            return True
        folder = source.parent
        return not within_patience(
            folder, lambda: any(folder.iterdir())
        )  # Nothing at all: a place where a disk is mounted otherwise.
    except OSError:
        return True


def _path_of(entry: str | SampleSection) -> str:
    return entry if isinstance(entry, str) else str(entry.file)


def _covers(entry: str, source: Path) -> bool:
    if Path(entry) == source or Path(entry) in source.parents:
        return True
    return glob.has_magic(entry) and fnmatch.fnmatchcase(str(source), f"{entry}*")


def _files_of(entry: str) -> Iterator[str]:
    paths = [entry] if os.path.lexists(entry) or not glob.has_magic(entry) else sorted(glob.glob(entry, recursive=True))
    left = MOST_FILES
    for path in paths:
        yield path
        for folder, _, names in os.walk(path):
            for name in sorted(names)[:left]:
                yield f"{folder}/{name}"
                left -= 1
