"""One recording's whole way, on one screen: from its files to markers.

    probe + demux → log-mel → windows → embed → compact → stretches → match → segments → programmes

Audio streams through in blocks, so memory does not grow with the recording's length (what is kept of a window is
128 bytes). Nothing is written here: `voicemark.store.results` writes a `Result` in one transaction.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from voicemark.audio.account import Heard, notes_on
from voicemark.audio.demux import AudioReader
from voicemark.audio.timeline import SAMPLE_RATE, Samples, Sound
from voicemark.config import Config
from voicemark.epg.gather import programmes_of
from voicemark.errors import RecordingError, RecordingVanishedError
from voicemark.recorders import find_recordings
from voicemark.recording import Programme, ProgrammeSpan, Recording, fingerprint
from voicemark.voice.compact import quantise
from voicemark.voice.embedder import WindowBatch
from voicemark.voice.holes import embed_sound
from voicemark.voice.judge import Judge, ReadAudio, second_opinion
from voicemark.voice.match import VoiceBook, match_key, score
from voicemark.voice.rematch import SecondHearing
from voicemark.voice.segments import Segment, WindowTimes, borders, find_segments
from voicemark.voice.stretches import Stretches, cut

Progress = Callable[[float], None]
"""Called with the seconds of the recording that have been heard so far."""


class WindowEncoder(Protocol):
    """What the pipeline asks of an encoder: ours, or any ONNX one."""

    model_id: str

    @property
    def dim(self) -> int: ...

    @property
    def hop_s(self) -> float: ...

    @property
    def window_s(self) -> float: ...

    def embed_blocks(self, blocks: Iterable[Samples]) -> Iterator[WindowBatch]: ...


@dataclass(frozen=True)
class Tools:
    """What every recording is processed with."""

    config: Config
    encoder: WindowEncoder
    book: VoiceBook
    judge: Judge | None = None

    @property
    def second_hearing(self) -> SecondHearing | None:
        """How the judge, if there is one, hears a recording of the archive again."""
        return None if self.judge is None else SecondHearing(self.judge, self.listen)

    def listen(self, path: Path, content: str) -> ReadAudio:
        """The audio of a recording that was heard before. Raises `RecordingError` where it is not there as it was."""
        for recorder, found in find_recordings(path):
            recording = recorder.read(found)
            if content_of(recording) == content:
                return AudioReader.of(recording, self.config.audio).stretch
        raise RecordingError("has changed since it was heard", path=path)


@dataclass(frozen=True)
class Windows:
    """The embeddings of a recording, as they are kept."""

    model_id: str
    data: NDArray[np.int8]  # (n, dim)
    hop_s: float
    window_s: float

    @cached_property
    def stretches(self) -> Stretches:
        """Where the recording is cut: somebody else speaks, or nobody does."""
        return cut(self.data, self.hop_s, self.window_s)


@dataclass(frozen=True)
class Result:
    """Everything that is known of a recording once it has been heard."""

    recording: Recording
    content: str
    heard: Heard
    audio_stream: str
    windows: Windows
    segments: tuple[Segment, ...]
    """`voice` counts in the order of `voices`."""
    voices: tuple[str, ...]
    match_key: str
    programmes: tuple[ProgrammeSpan, ...]
    started_at: datetime | None
    notes: tuple[str, ...]

    @property
    def programme(self) -> Programme | None:
        """The one that the recording was made for, else the one that fills most of it."""
        longest = max(self.programmes, key=lambda span: span.end_s - span.start_s, default=None)
        return self.recording.programme or (longest.programme if longest else None)


def process(recording: Recording, tools: Tools, progress: Progress | None = None) -> Result:
    """Hear one recording from its start to its end. Reads only.

    Raises `RecordingError` (or one of its kinds) when it cannot be read, has no audio, vanishes or changes meanwhile.
    """
    content = content_of(recording)
    audio = AudioReader.of(recording, tools.config.audio)
    blocks = counted(audio.sound(), progress)
    windows = embed(blocks, tools.encoder)
    segments = match(windows, audio, tools)
    found = programmes_of(recording, audio.heard.duration_s, tools.config.epg)
    if content_of(recording) != content:
        raise RecordingError(
            "changed while it was read", path=recording.path, hint="it is done again once it is at rest"
        )
    return Result(
        recording=recording,
        content=content,
        heard=audio.heard,
        audio_stream=audio.choice.reason,
        windows=windows,
        segments=tuple(segments),
        voices=tools.book.names,
        match_key=match_key(tools.book, tools.config.match),
        programmes=found.spans,
        started_at=found.started_at or recording.started_at,
        notes=(*recording.notes, *found.notes, *notes_on(audio.heard)),
    )


def content_of(recording: Recording) -> str:
    """The recording's fingerprint. Raises `RecordingError` when a file cannot be read."""
    try:
        return fingerprint(recording.files)
    except FileNotFoundError as error:
        raise RecordingVanishedError("the recording is gone", path=recording.path) from error
    except OSError as error:
        raise RecordingError(
            f"cannot be read: {error.strerror}",
            path=recording.path,
            hint="give the user that runs voicemark read access",
        ) from error


def counted(blocks: Iterable[Sound], progress: Progress | None) -> Iterator[Sound]:
    """The same blocks, reporting how far they have come."""
    samples = 0
    for block in blocks:
        yield block
        samples += len(block)
        if progress is not None and len(block):  # An empty one says that nothing hangs here, not that work advances.
            progress(samples / SAMPLE_RATE)


def embed(blocks: Iterable[Sound], encoder: WindowEncoder) -> Windows:
    """Every window's embedding, compact."""
    parts = [quantise(batch.embeddings) for batch in embed_sound(blocks, encoder)]
    data = np.concatenate(parts) if parts else np.zeros((0, encoder.dim), np.int8)
    return Windows(encoder.model_id, data, encoder.hop_s, encoder.window_s)


def match(windows: Windows, audio: AudioReader, tools: Tools) -> list[Segment]:
    """Where each voice is heard; the judge, if there is one, hears doubtful stretches again."""
    settings, book = tools.config.match, tools.book
    book.check_model(windows.model_id)
    stretches = windows.stretches
    times = WindowTimes(windows.hop_s, windows.window_s, audio.heard.duration_s)
    scores = score(stretches.directions, book)
    if tools.judge is not None:
        scores = second_opinion(scores, book.thresholds.cpu(), borders(stretches, times), tools.judge, audio.stretch)
    return find_segments(scores, book.thresholds.tolist(), settings, stretches, times)
