"""What voicemark needs to know of a recorder: which files are one recording, is it finished, what was on air.

Each adapter is a file of its own beside this one. Adapters only read; a recording whose metadata is broken is
still returned, with a sentence in `Recording.notes`.
"""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Protocol

from voicemark.recording import Recording, RecordingState


class Recorder(Protocol):
    """One kind of recorder, bound to its settings (a `[[watch]]` table)."""

    name: str
    """`vdr`, `tvheadend`, `enigma2` or `plain`: what the config calls it."""

    def find(self, root: Path) -> Iterator[Path]:
        """Paths of all recordings at or below `root`, finished or not, in a stable order; never follows a loop of
        links and passes over directories that cannot be read."""
        ...

    def recognise(self, path: Path) -> Path | None:
        """The recording that `path` (a media file, an index, the directory itself) belongs to, or None when this
        recorder has no recording there. Looks at names and metadata only."""
        ...

    def read(self, path: Path) -> Recording:
        """Everything known of the recording at `path` (as `find` gives it). Raises `RecordingError` when there is
        no media in it."""
        ...

    def metadata(self, path: Path) -> tuple[Path, ...]:
        """Files that tell of the recording at `path`, whether they are there or not: when one of them changes, the
        recording is worth reading again. Never raises."""
        ...

    def state(self, path: Path, now: datetime) -> RecordingState:
        """Is the recording finished? Asks the recorder's own signs only; quiet time is the caller's business.

        Never raises: `UNKNOWN` also where nothing can be seen (any more), which `read` then tells in words.
        """
        ...
