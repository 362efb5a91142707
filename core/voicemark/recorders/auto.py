"""Any tree: each path goes to the recorder whose signs it bears; mixed trees work.

A `.rec` directory is VDR's; a transport stream with `.meta` or `.eit` beside it, or named as Enigma2 names them, is
Enigma2's; a file in Tvheadend's log is Tvheadend's; any other media file is a plain one.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from voicemark.errors import VoicemarkError
from voicemark.recorders.base import Recorder
from voicemark.recorders.careful import careful_read, careful_recognise, careful_state
from voicemark.recorders.enigma2 import Enigma2
from voicemark.recorders.plain import Plain
from voicemark.recorders.tree import is_file, is_folder, is_hidden, walk
from voicemark.recorders.tvheadend import Tvheadend
from voicemark.recorders.vdr import Vdr, is_recording_name
from voicemark.recording import Recording, RecordingState


class Auto:
    """A composite of all recorders that finds out by looking."""

    name = "auto"

    def __init__(self, vdr: Vdr, tvheadend: Tvheadend, enigma2: Enigma2, plain: Plain) -> None:
        self.vdr = vdr
        self.tvheadend = tvheadend
        self.enigma2 = enigma2
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
        for listing in walk(root, lambda name: is_hidden(name) or is_recording_name(name), self.plain.ignore):
            for path in self.vdr.find_in(listing):
                yield self.vdr, path
            for path in self.plain.find_in(listing):
                if self.enigma2.owns(path.name, listing.files):
                    yield self.enigma2, path
                elif not self.tvheadend.owns(path):
                    yield self.plain, path
                elif self.tvheadend.recognise(path) == path:
                    yield self.tvheadend, path

    def census(self, root: Path) -> Counter[str]:
        """How many recordings of which recorder are at or below `root`: what it found out by looking."""
        return Counter(recorder.name for recorder, _ in self.find_all(root))

    def adapter(self, path: Path) -> Recorder | None:
        """The recorder that `path` belongs to."""
        if self.vdr.recognise(path) is not None:
            return self.vdr
        media = self.enigma2.recognise(path)
        if media is not None and self.enigma2.owns(media.name, _beside(media)):
            return self.enigma2
        if self.tvheadend.owns(path):
            return self.tvheadend
        return self.plain if self.plain.recognise(path) is not None else None

    @careful_recognise
    def recognise(self, path: Path) -> Path | None:
        """The recording that `path` belongs to, whichever recorder's it is."""
        adapter = self.adapter(path)
        return adapter.recognise(path) if adapter else None

    @careful_read
    def read(self, path: Path) -> Recording:
        """As the recorder of `path` reads it; `Recording.recorder` says which that was."""
        return (self.adapter(path) or self.plain).read(path)

    def metadata(self, path: Path) -> tuple[Path, ...]:
        """As the recorder of `path` has them."""
        try:
            adapter = self.adapter(path)
        except (VoicemarkError, OSError):
            adapter = None
        return (adapter or self.plain).metadata(path)

    @careful_state
    def state(self, path: Path, now: datetime) -> RecordingState:
        """As the recorder of `path` sees it."""
        return (self.adapter(path) or self.plain).state(path, now)


def _beside(media: Path) -> frozenset[str]:
    """Which of the files that tell Enigma2 stand beside a media file."""
    names = (f"{media.name}.meta", f"{media.stem}.eit")
    return frozenset(name for name in names if is_file(media.with_name(name)))
