"""Any tree: each path goes to the recorder whose signs it bears; mixed trees work.

A `.rec` directory is VDR's; a transport stream with `.meta` or `.eit` beside it, or named as Enigma2 names them, is
Enigma2's; a file in Tvheadend's log is Tvheadend's; any other media file is a plain one.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from voicemark.recorders.base import Recorder
from voicemark.recorders.plain import Plain
from voicemark.recorders.tree import is_folder, walk
from voicemark.recorders.vdr import Vdr, is_recording_name
from voicemark.recording import Recording, RecordingState


class Auto:
    """A composite of all recorders that finds out by looking."""

    name = "auto"

    def __init__(self, vdr: Vdr, plain: Plain) -> None:
        self.vdr = vdr
        self.plain = plain

    def find(self, root: Path) -> Iterator[Path]:
        """All recordings of all kinds at or below `root`."""
        return (path for _, path in self.find_all(root))

    def find_all(self, root: Path) -> Iterator[tuple[Recorder, Path]]:
        """Each recording with the recorder it belongs to, in one walk."""
        own = self.vdr.recognise(root)
        if own is not None:
            yield self.vdr, own
            return
        if not is_folder(root):
            adapter = self.adapter(root)
            found = adapter.recognise(root) if adapter else None
            if adapter and found is not None:
                yield adapter, found
            return
        for listing in walk(root, leaf=lambda name: name.startswith(".") or is_recording_name(name)):
            for path in self.vdr.find_in(listing.path, listing.folders):
                yield self.vdr, path
            for path in self.plain.find_in(listing.path, listing.files):
                yield self.plain, path

    def census(self, root: Path) -> Counter[str]:
        """How many recordings of which recorder are at or below `root`: what it found out by looking."""
        return Counter(recorder.name for recorder, _ in self.find_all(root))

    def adapter(self, path: Path) -> Recorder | None:
        """The recorder that `path` belongs to."""
        adapters: tuple[Recorder, ...] = (self.vdr, self.plain)
        return next((adapter for adapter in adapters if adapter.recognise(path) is not None), None)

    def recognise(self, path: Path) -> Path | None:
        """The recording that `path` belongs to, whichever recorder's it is."""
        adapter = self.adapter(path)
        return adapter.recognise(path) if adapter else None

    def read(self, path: Path) -> Recording:
        """As the recorder of `path` reads it; `Recording.recorder` says which that was."""
        return (self.adapter(path) or self.plain).read(path)

    def state(self, path: Path, now: datetime) -> RecordingState:
        """As the recorder of `path` sees it."""
        return (self.adapter(path) or self.plain).state(path, now)
