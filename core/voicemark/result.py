"""What is known of a recording once it has been heard: plain data, which the pipeline makes and the store writes."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from voicemark.recording import Programme, ProgrammeSpan, Recording


@dataclass(frozen=True)
class Marker:
    """A stretch of a recording, in its player's time, in which a voice is heard."""

    voice: str
    start_s: float
    end_s: float
    score: float


@dataclass(frozen=True)
class LocalSpeaker:
    """Somebody who speaks in a recording, known by name or not: told from the others in it, and from nobody else."""

    number: int
    """Counts within the recording, by first appearance, from 1."""
    seconds: float
    """How long, in all."""
    embedding: NDArray[np.int8]  # (dim,): the centroid's direction, see `voicemark.voice.quantisation`


@dataclass(frozen=True)
class SpeakerTurn:
    """A local speaker speaks from `start_s` to `end_s`."""

    start_s: float
    end_s: float
    local_speaker: int


@dataclass(frozen=True)
class NamedTurn:
    """Whose voice it is that is heard in a turn."""

    turn: int
    """Which of the recording's turns, from 0."""
    voice: str
    score: float


@dataclass(frozen=True)
class Speech:
    """Who speaks when in a recording; no voice need be known for it."""

    speakers: tuple[LocalSpeaker, ...] = ()
    turns: tuple[SpeakerTurn, ...] = ()
    """By start."""


@dataclass(frozen=True)
class Recognised:
    """Which voices are heard in a recording, and in which of its turns."""

    markers: tuple[Marker, ...] = ()
    """By start."""
    named: tuple[NamedTurn, ...] = ()
    join_gap_s: float = 0.0
    """What of one voice is less far apart is one marker."""


@dataclass(frozen=True)
class Taken:
    """What score normalisation takes from each local speaker and turn of a recording (`voicemark.voice.score_norm`).

    It depends on what is heard and on the cohort alone, not on any voice, and costs more than all else of a match: it
    is computed once and kept.
    """

    cohort: str
    """Digest of the strangers that it was computed with, and of how; empty without any."""
    values: NDArray[np.float32]
    """(p + t,): of the p local speakers, then of the t turns; NaN where no match has needed it so far."""


@dataclass(frozen=True)
class Windows:
    """The embeddings of a recording, as they are kept."""

    model_id: str
    data: NDArray[np.int8]  # (n, dim), see `voicemark.voice.quantisation`
    hop_s: float
    window_s: float
    numerics: str | None = None
    """What they were computed in (`voicemark.voice.numerics`); None: not known."""


@dataclass(frozen=True)
class Result:
    """Everything that is known of a recording once it has been heard."""

    recording: Recording
    content: str
    """Fingerprint of what was heard."""
    duration_s: float
    audio_stream: str
    """Which stream was heard, and why."""
    windows: Windows
    turns: bytes
    """Where it is cut, packed: see `voicemark.voice.diarization`."""
    speech: Speech
    recognised: Recognised
    voices: tuple[str, ...]
    """Everybody who was looked for."""
    match_key: str
    """What decided on the markers."""
    programmes: tuple[ProgrammeSpan, ...]
    started_at: datetime | None
    notes: tuple[str, ...]
    taken: Taken | None = None
    """For later matches; None: to be computed then."""
    parts: tuple[str, ...] = ()
    """Of `match_key`; empty: not known. See `voicemark.voice.match.key_parts`."""

    @property
    def programme(self) -> Programme | None:
        """The one that the recording was made for, else the one that fills most of it."""
        longest = max(self.programmes, key=lambda span: span.end_s - span.start_s, default=None)
        return self.recording.programme or (longest.programme if longest else None)
