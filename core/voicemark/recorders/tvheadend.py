"""Tvheadend: media files under names that its owner chose, told by the entries in its `dvr/log`.

One entry is one recording; after an interruption it goes on in further files (`Title-1.ts`, `Title-2.ts`). A file
without an entry (an old recording, or the log is not at hand) is a recording of its own, told by its name: the same
suffix also keeps apart two recordings of one title.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from itertools import pairwise
from pathlib import Path

from voicemark.bounds import duration
from voicemark.errors import RecordingVanishedError, VoicemarkError
from voicemark.foreign import OWN_FOLDER, ForeignError, Reach, size_of
from voicemark.recorders.careful import careful_read, careful_recognise, careful_state
from voicemark.recorders.ignore import NOTHING_MORE, Ignore
from voicemark.recorders.plain import Plain
from voicemark.recorders.tree import Listing, find_below, is_folder, is_hidden
from voicemark.recorders.tvheadend_entry import LogEntry, LogFile
from voicemark.recorders.tvheadend_log import MARGIN, Log
from voicemark.recording import Piece, Programme, Recording, RecordingState

KNOWN_LOGS = tuple(
    Path(folder, "dvr/log")
    for folder in ("/var/lib/tvheadend", "/home/hts/.hts/tvheadend", "/etc/tvheadend", "/config")
)
"""Where packages and containers keep it: Debian, upstream's packages, OpenWrt, linuxserver.io."""


class Tvheadend:
    """Recordings of Tvheadend. `log`: its `dvr/log` folder; without one the usual places are looked at. `reach`: where
    an entry's files, and links to files, may lie; what is elsewhere is nobody's recording. `languages`: of texts."""

    name = "tvheadend"

    def __init__(
        self,
        log: Path | None = None,
        patterns: Sequence[str] = (),
        zone: str | None = None,
        reach: Reach = OWN_FOLDER,
        ignore: Ignore = NOTHING_MORE,
        languages: Sequence[str] = (),
    ) -> None:
        folders = [log] if log is not None else [folder for folder in KNOWN_LOGS if is_folder(folder)]
        self.logs = tuple(Log(folder, tuple(languages)) for folder in folders)
        self.plain = Plain(patterns, zone, reach, ignore)
        self.reach = reach

    def find(self, root: Path) -> Iterator[Path]:
        """All media files at or below `root`, of several that are one recording only the first."""
        return find_below(root, self.recognise, self.find_in, is_hidden, self.plain.ignore)

    def find_in(self, listing: Listing) -> Iterator[Path]:
        """Those in one folder."""
        return (path for path in self.plain.find_in(listing) if self.recognise(path) == path)

    @careful_recognise
    def recognise(self, path: Path) -> Path | None:
        """The first file of the entry that `path` is listed in; a media file without an entry is itself."""
        found = self.entry_of(path)
        if found is not None:
            files = self._present(path, *found)
            return files[0] if files else None
        return self.plain.recognise(path)

    def owns(self, path: Path) -> bool:
        """Whether a log lists the file."""
        return self.entry_of(path) is not None

    def entry_of(self, path: Path) -> tuple[LogEntry, int] | None:
        """The entry that a file is listed in, and its number among the entry's files."""
        return next((found for log in self.logs if (found := log.entry_of(path, self.reach)) is not None), None)

    @careful_read
    def read(self, path: Path) -> Recording:
        """All from the entry; without one, title and time from the name."""
        found = self.entry_of(path)
        if found is None:
            return self._unlisted(path)
        entry, _ = found
        files = self._present(path, *found)
        if not files:
            raise RecordingVanishedError("there is no such recording", path=path)
        notes = list(entry.notes)
        if len(files) < len(entry.files):
            notes.append(f"only {len(files)} of its {len(entry.files)} files are here")
        parts = [next(part for part in entry.files if part.name.name == file.name) for file in files]
        first = parts[0]
        named = self.plain.read(files[0])
        return Recording(
            path=files[0],
            recorder=self.name,
            files=files,
            started_at=first.start or entry.starts_at,
            start_error_s=5.0 if first.start else 45.0,
            pieces=_pieces(parts),
            programmes=(entry.programme or Programme(title=named.title, source="name"),),
            streams=entry.streams,
            expected_duration_s=_expected(entry),
            notes=tuple(notes),
        )

    def metadata(self, path: Path) -> tuple[Path, ...]:
        """Its entry."""
        try:
            found = self.entry_of(path)
        except (VoicemarkError, OSError):
            found = None
        return (found[0].path,) if found else self.plain.metadata(path)

    @careful_state
    def state(self, path: Path, now: datetime) -> RecordingState:
        """By the entry: its status where told, else whether its last file has been closed.

        A file that was closed before the scheduled end may go on in another one, and one that was never closed has
        been left by a Tvheadend that ended: both are `UNKNOWN`, as is a file without an entry.
        """
        found = self.entry_of(path)
        entry = found[0] if found else None
        if entry is not None and entry.removed:
            return RecordingState.DELETED
        if entry is None:
            return RecordingState.UNKNOWN
        if entry.status is not None and entry.status.startswith("recording"):
            return RecordingState.RECORDING
        if entry.status is not None and entry.status.startswith("completed"):
            return RecordingState.FINISHED
        if entry.files[-1].stop is None:
            running = entry.stops_at is None or now < entry.stops_at + MARGIN
            return RecordingState.RECORDING if running and entry.files[-1].start else RecordingState.UNKNOWN
        if entry.stops_at is not None and now < entry.stops_at:
            return RecordingState.UNKNOWN
        return RecordingState.FINISHED

    def _present(self, path: Path, entry: LogEntry, index: int) -> tuple[Path, ...]:
        """The entry's files as they are found from here: as far from `path` as they are from each other there."""
        files: dict[Path, None] = {}
        folder = os.path.realpath(path.parent)
        for file in entry.files:
            same_folder = file.name.parent == entry.files[index].name.parent
            here = path.parent / file.name.name if same_folder else Path(file.name)
            with suppress(ForeignError):
                size_of(here, self.reach)
                if same_folder or self.reach.allows(os.path.realpath(here), folder):
                    files.setdefault(here)
        return tuple(files)

    def _unlisted(self, path: Path) -> Recording:
        recording = self.plain.read(path)
        others = any(log.of_another(path) for log in self.logs)
        why = "lists only other recordings under its name" if others else "does not list it"
        note = f"Tvheadend's log {why}: title and time are from the file's name"
        return replace(recording, recorder=self.name, notes=(*recording.notes, note))


def _pieces(files: Sequence[LogFile]) -> tuple[Piece, ...]:
    """After each interruption Tvheadend begins another file."""
    started = [file.start for file in files]
    if len(files) < 2 or None in started or any(later <= before for before, later in pairwise(filter(None, started))):
        return ()
    pairs = zip(files, filter(None, started), strict=True)
    return tuple(Piece(number, start, file.length_s) for number, (file, start) in enumerate(pairs))


def _expected(entry: LogEntry) -> float | None:
    """Seconds in all files, where each was closed; else as scheduled."""
    spans = [(file.stop - file.start).total_seconds() for file in entry.files if file.start and file.stop]
    if len(spans) == len(entry.files) and all(span > 0 for span in spans):
        return duration(sum(spans))
    return duration((entry.stops_at - entry.starts_at).total_seconds()) if entry.starts_at and entry.stops_at else None
