"""What the recorder wrote for one programme: the plain data that travels between the stages.

Nothing here opens a media file; adapters in `voicemark.recorders` fill these in, the pipeline carries them on,
the store writes them down.
"""

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from voicemark.clean_text import name_text
from voicemark.foreign import ANYWHERE, opened
from voicemark.patience import within_patience

FINGERPRINT_BYTES = 64 * 1024  # of the first file's head and the last file's tail


class RecordingState(StrEnum):
    """What the adapter knows of a recording without reading its media."""

    FINISHED = "finished"
    """The recorder says so."""
    RECORDING = "recording"
    """Being written, cut or re-indexed: not to be touched yet."""
    UNKNOWN = "unknown"
    """The recorder leaves no trace either way: only quiet time can tell."""
    DELETED = "deleted"
    """Hidden by the recorder, perhaps to be undeleted."""


@dataclass(frozen=True)
class Programme:
    """One EPG event. Times are timezone-aware; `source` names where it was read (`vdr-info`, `eit`, `xmltv`, …)."""

    title: str
    source: str
    subtitle: str | None = None
    description: str | None = None
    channel: str | None = None
    start: datetime | None = None
    duration_s: float | None = None
    genres: tuple[str, ...] = ()
    """In words, coarsest first; empty where the source does not say."""
    language: str | None = None
    """ISO 639-2/B, lower case."""
    event_id: int | None = None
    season: int | None = None
    episode: int | None = None
    age_rating: int | None = None


@dataclass(frozen=True)
class ProgrammeSpan:
    """A programme laid on a recording's own timeline (seconds from the recording's start)."""

    programme: Programme
    start_s: float
    end_s: float


@dataclass(frozen=True)
class StreamHint:
    """What the recorder's metadata says of one audio stream (VDR's `X` lines, an EIT component descriptor)."""

    kind: int
    """Codec family by VDR's numbers: 2 MP2, 4 AC-3, 6 HE-AAC."""
    language: str | None = None
    description: str | None = None
    dual: bool = False
    """One of two programmes in one two-channel stream, the first on the left (component type 0x02 of MPEG audio)."""


@dataclass(frozen=True)
class Piece:
    """Part of a recording that was written without a pause; behind it the recorder was interrupted."""

    first_file: int
    """Number of its first file."""
    started_at: datetime
    length_s: float | None = None
    """So long it was written; None where that is not known."""


@dataclass(frozen=True)
class Recording:
    """One recording: one or several files that play as one timeline, and what is known of it."""

    path: Path
    """What a person calls the recording: the `.rec` directory, or the (first) media file."""
    recorder: str
    files: tuple[Path, ...]
    """In playing order; never empty."""
    started_at: datetime | None = None
    """Wall-clock time (aware) of the recording's first moment, where known."""
    start_error_s: float = 60.0
    """How far `started_at` may be off: recorders name directories by the minute, some people only by the day."""
    other_starts: tuple[datetime, ...] = ()
    """What `started_at` may mean, too: a name tells a time of day without its zone, and one night has an hour twice."""
    pieces: tuple[Piece, ...] = ()
    """Of a recording that was interrupted; the pauses between them are no time in it. Empty: there was none."""
    programmes: tuple[Programme, ...] = ()
    """From the recorder's own metadata; the first is the one that the recording was made for."""
    streams: tuple[StreamHint, ...] = ()
    expected_duration_s: float | None = None
    """From metadata (timer or EPG duration); the sanity bound for holes in the signal."""
    supposed_s: float = 0.0
    """So much of that is supposed and nowhere said: without it a recording is not too short."""
    frame_rate: float | None = None
    edited: bool = False
    """Cut afterwards: positions in it no longer follow from wall-clock times."""
    notes: tuple[str, ...] = field(default=())
    """Faults in the metadata that did not keep the recording from being read, each a sentence."""

    @property
    def programme(self) -> Programme | None:
        """The programme that the recording was made for."""
        return self.programmes[0] if self.programmes else None

    @property
    def title(self) -> str:
        """The programme's title, else the recording's own name."""
        return self.programme.title if self.programme else name_text(self.path.stem)


def fingerprint(files: Sequence[Path]) -> str:
    """A name for the content of `files` that survives renames and changes when the recording grows or is edited.

    SHA-256 over each file's size, the first file's head and the last file's tail; two reads, however long the
    recording. Raises `OSError` when a file cannot be read.
    """
    digest = hashlib.sha256()
    for file in files:
        digest.update(f"{within_patience(file, file.stat).st_size};".encode())
    with opened(files[0], ANYWHERE) as first:
        digest.update(first.read(FINGERPRINT_BYTES))
    with opened(files[-1], ANYWHERE) as last:
        last.seek(max(0, last.seek(0, os.SEEK_END) - FINGERPRINT_BYTES))
        digest.update(last.read())
    return digest.hexdigest()[:32]
