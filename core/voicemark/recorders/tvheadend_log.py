"""Tvheadend's `dvr/log`: one JSON file per recording, found again by the names of the media files in it."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from voicemark.fits import CLOCKS_DIFFER, Facts, facts_of, written_at
from voicemark.foreign import OWN_FOLDER, Reach, size_of
from voicemark.patience import within_patience
from voicemark.recorders.tree import list_folder
from voicemark.recorders.tvheadend_entry import LogEntry, read_entry

log = logging.getLogger(__name__)

MAX_LISTED = 500_000  # files of all entries
MARGIN = timedelta(hours=1)
"""So long after its scheduled end an unfinished entry may still be recording; later Tvheadend was ended in between."""


@dataclass
class Log:
    """The entries in a `dvr/log` folder, read again when the folder changes (each save renames a file in it)."""

    folder: Path
    languages: tuple[str, ...] = ()
    """Preferred of titles in several languages, best first (ISO 639-2)."""
    _stamp: int = -1
    _entries: dict[str, tuple[tuple[int, int], LogEntry | None]] = field(default_factory=dict)
    _by_name: dict[str, list[tuple[LogEntry, int]]] = field(default_factory=dict)
    _chosen: dict[tuple[Path, datetime | None, int], tuple[LogEntry, int] | None] = field(default_factory=dict)
    """Of files that were measured, the entry that fits."""

    def entry_of(self, path: Path, reach: Reach = OWN_FOLDER) -> tuple[LogEntry, int] | None:
        """The entry that a media file belongs to and its number among the entry's files.

        The folder may be mounted elsewhere here, so names are compared from their ends. A name may have been used
        before: of several entries the newest is meant that fits the file in time and in length, and one of a later
        recording is none of its.
        """
        self._refresh()
        ours = path.parts[::-1]
        rated = [(_common(ours, entry.files[index].backwards), entry, index) for entry, index in self._named(path)]
        if not rated:
            return None
        when = written_at(path)
        rated = [one for one in rated if Facts(when, None).began_by(_began(*one[1:]))]
        most = max((common for common, *_ in rated), default=0)
        alike = [(entry, index) for common, entry, index in rated if common == most]
        if not alike or (len(alike) == 1 and not _ended_before(when, *alike[0])):
            return alike[0] if alike else None
        key = (path, when, _size(path, reach))
        if key not in self._chosen:
            facts = facts_of(path, reach)
            entry, index = max(alike, key=lambda one: _fitness(facts, *one))
            file = entry.files[index]
            self._chosen[key] = None if facts.is_another(file.stop, file.length_s) else (entry, index)
        return self._chosen[key]

    def of_another(self, path: Path) -> bool:
        """Whether there are entries for a file of that name, and all of them are of other recordings."""
        return bool(self._named(path)) and self.entry_of(path) is None

    def _named(self, path: Path) -> Sequence[tuple[LogEntry, int]]:
        return self._by_name.get(path.name, ())

    def _refresh(self) -> None:
        try:
            stamp = within_patience(self.folder, self.folder.stat).st_mtime_ns
        except OSError:
            self._entries, self._by_name, self._stamp = {}, {}, -1
            return
        if stamp == self._stamp:
            return
        listing = list_folder(str(self.folder))
        entries: dict[str, tuple[tuple[int, int], LogEntry | None]] = {}
        for name in sorted(listing[2]) if listing else ():
            path = self.folder / name
            try:
                stat = within_patience(path, path.stat)
            except OSError:
                continue
            mark = (stat.st_mtime_ns, stat.st_size)
            known = self._entries.get(name)
            entries[name] = known if known and known[0] == mark else (mark, read_entry(path, self.languages))
        self._entries, self._stamp, self._chosen = entries, stamp, {}
        self._by_name = _by_name([entry for _, entry in entries.values() if entry is not None])


def _began(entry: LogEntry, index: int) -> datetime | None:
    return entry.files[index].start or entry.starts_at


def _size(path: Path, reach: Reach) -> int:
    try:
        return size_of(path, reach)
    except OSError:
        return 0


def _ended_before(written: datetime | None, entry: LogEntry, index: int) -> bool:
    """Whether a file was last written to long after an entry says that it was closed: copied, or another one."""
    stop = entry.files[index].stop
    return stop is not None and written is not None and written > stop + CLOCKS_DIFFER


def _fitness(facts: Facts, entry: LogEntry, index: int) -> tuple[int, bool, float]:
    """How well an entry fits a file that it names: by its length, then not being removed, then the newest."""
    lasts = facts.lasts(entry.files[index].length_s)
    began = _began(entry, index)
    return (0 if lasts is None else 1 if lasts else -1), not entry.removed, began.timestamp() if began else 0.0


def _by_name(entries: Sequence[LogEntry]) -> dict[str, list[tuple[LogEntry, int]]]:
    found: dict[str, list[tuple[LogEntry, int]]] = {}
    room = MAX_LISTED
    for entry in entries:
        room -= len(entry.files)
        if room < 0:
            log.warning("%s: lists more than %d files; the rest is passed over", entry.path.parent, MAX_LISTED)
            break
        for index, file in enumerate(entry.files):
            found.setdefault(file.name.name, []).append((entry, index))
    return found


def _common(ours: Sequence[str], theirs: Sequence[str]) -> int:
    """How many parts two paths, both from their ends, have in common."""
    count = 0
    for mine, other in zip(ours, theirs, strict=False):
        if mine != other:
            break
        count += 1
    return count
