"""What every export is made of: one recording with its markers, and the protocol of a writer.

A writer turns that into bytes. Where the bytes go, and whether they may go there, is `voicemark.export.write`'s
business; writers open nothing.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Protocol

DEFAULT_FRAME_RATE = 25.0
"""VDR's own default (recording.h, DEFAULTFRAMESPERSECOND)."""


@dataclass(frozen=True)
class Marker:
    """A voice is heard from `start_s` to `end_s` (player's time, seconds)."""

    speaker: str
    start_s: float
    end_s: float
    score: float
    programme: str | None = None
    """Title of what was on air where it starts; None where that is unknown."""


@dataclass(frozen=True)
class Turn:
    """Somebody speaks from `start_s` to `end_s` (player's time, seconds)."""

    who: str
    """The voice's name, or `speaker-3` for one that nobody has named."""
    start_s: float
    end_s: float
    score: float | None = None
    """How surely the name is right; None without a name."""


@dataclass(frozen=True)
class MediaFile:
    """One file of a recording, and where it lies on the recording's timeline."""

    path: Path
    start_s: float = 0.0
    duration_s: float | None = None
    """None: to the recording's end."""

    @property
    def end_s(self) -> float:
        """Where the next file begins; infinite for the last."""
        return float("inf") if self.duration_s is None else self.start_s + self.duration_s


@dataclass(frozen=True)
class Hole:
    """Lost signal, as a player counts it: from `start_s`, `length_s` long."""

    start_s: float
    length_s: float


@dataclass(frozen=True)
class MarkedRecording:
    """A recording and its markers, ready for a writer."""

    path: Path
    recorder: str
    content: str
    """The recording's fingerprint: survives renames; empty while it is being written."""
    files: tuple[MediaFile, ...]
    markers: tuple[Marker, ...]
    """By start."""
    turns: tuple[Turn, ...] = ()
    """Everybody's, by start."""
    title: str = ""
    subtitle: str | None = None
    channel: str | None = None
    started_at: datetime | None = None
    duration_s: float | None = None
    frame_rate: float | None = None
    frames: int | None = None
    """So many frames are in VDR's index; None when there is none."""
    holes: tuple[Hole, ...] = ()
    copies: tuple[Path, ...] = ()
    """Other recordings with the same content: their files are theirs, and none that this one has left behind."""

    def file_part(self, file: MediaFile) -> "MarkedRecording":
        """What of this recording lies in `file`, on the file's own clock. Markers across its edges are cut there."""
        inside = (
            replace(
                marker,
                start_s=max(0.0, marker.start_s - file.start_s),
                end_s=min(marker.end_s, file.end_s) - file.start_s,
            )
            for marker in self.markers
            if marker.start_s < file.end_s and marker.end_s > file.start_s
        )
        return replace(
            self,
            path=file.path,
            files=(replace(file, start_s=0.0),),
            markers=tuple(inside),
            duration_s=file.duration_s if file.duration_s is not None else self.duration_s,
        )

    def only(self, speaker: str) -> "MarkedRecording":
        """The same recording with the markers and turns of one voice, by its name in any case."""
        name = speaker.casefold()
        return replace(
            self,
            markers=tuple(marker for marker in self.markers if marker.speaker.casefold() == name),
            turns=tuple(turn for turn in self.turns if turn.who.casefold() == name),
        )


class Writer(Protocol):
    """One export format."""

    name: str
    """What the config calls it."""
    suffix: str
    """Of the file in the export folder, with its dot."""
    for_player: bool
    """Players show it: without markers there is nothing to show, and no file."""
    per_file: bool
    """Beside the recording there is one for each media file, on that file's own clock."""

    def render(self, recording: MarkedRecording) -> bytes:
        """The whole file. Raises `ExportError` when the format cannot hold it."""
        ...

    def targets(self, recording: MarkedRecording) -> Iterator[tuple[Path, MarkedRecording]]:
        """Where players look for it beside the recording, and what belongs there."""
        ...


class MergingWriter(Writer, Protocol):
    """A format whose file the recorder writes too: ours are entries among the recorder's, told apart by a record
    that `voicemark.export.ledger` keeps."""

    def entries(self, recording: MarkedRecording) -> Sequence[str]:
        """Our entries, each as text that can be kept."""
        ...

    def merge(self, present: bytes, earlier: Collection[str], entries: Sequence[str]) -> tuple[bytes, list[str]]:
        """`present` without our `earlier` entries and with the new ones; and which of those were added (one that
        the recorder has already is not). Raises `ExportError` when `present` is not understood."""
        ...


def beside_recording(recording: MarkedRecording, suffix: str) -> Path:
    """`X.ts` → `X` + suffix; a VDR recording's file lies in its directory, named like the directory's first file."""
    first = recording.files[0].path
    return first.with_name(first.stem + suffix)


def beside_each_file(recording: MarkedRecording, suffix: str) -> Iterator[tuple[Path, MarkedRecording]]:
    """As `beside_recording`, for players that play one file at a time."""
    for file in recording.files:
        yield file.path.with_name(file.path.stem + suffix), recording.file_part(file)


def one_line(text: str, limit: int = 200) -> str:
    """`text` without line breaks and control characters, not longer than `limit`."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())[:limit]


def clock(seconds: float, digits: int = 3) -> str:
    """`HH:MM:SS.mmm`, rounded to so many digits; hours may have more than two figures."""
    scale = 10**digits
    whole, part = divmod(round(seconds * scale), scale)
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}.{part:0{digits}d}"
