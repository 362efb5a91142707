"""One recording's whole way, on one screen: from its files to markers.

    probe + demux → log-mel → windows → embed → quantise → diarize → recognise → programmes

Audio streams through in blocks, so memory does not grow with the recording's length (what is kept of a window is
128 bytes). Nothing is written here: `voicemark.store.results` writes a `Result` in one transaction. Its two halves may
run on two machines: `listen` takes long and knows nobody, `name` takes a moment and needs the voices and the guides.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from voicemark.audio.account import notes_on
from voicemark.audio.demux import AudioReader
from voicemark.audio.timeline import SAMPLE_RATE, Sound
from voicemark.config import Config
from voicemark.epg.gather import programmes_of
from voicemark.errors import RecordingError, unreadable
from voicemark.recording import Recording, fingerprint
from voicemark.result import Result, Windows
from voicemark.voice.base import SpeakerEncoder
from voicemark.voice.diarization import Diarization, diarize, pack
from voicemark.voice.holes import embed_sound
from voicemark.voice.naming import taken_from
from voicemark.voice.quantisation import quantise
from voicemark.voice.recognise import Recogniser, Spoken, recognise, speech_of
from voicemark.voice.verifier import ReadAudio

Progress = Callable[[float], None]
"""Called with the seconds of the recording that have been heard so far, whenever work has advanced; not for a while
where something hangs."""


@dataclass(frozen=True)
class Unnamed:
    """What a recording's sound alone tells: who speaks when, before anybody has a name."""

    duration_s: float
    audio_stream: str
    """Which stream was heard, and why."""
    windows: Windows
    found: Diarization
    notes: tuple[str, ...]


def process(recording: Recording, recogniser: Recogniser, config: Config, progress: Progress | None = None) -> Result:
    """Hear one recording from its start to its end. Reads only.

    Raises `RecordingError` (or one of its kinds) when it cannot be read, has no audio, vanishes or changes meanwhile.
    """
    content = content_of(recording)
    told = Told(progress)
    audio = AudioReader.of(recording, config.audio, told.again)
    heard = listen(audio, recogniser.encoder, told)
    result = name(recording, content, heard, audio.excerpt, recogniser, config)
    check_unchanged(recording, content)
    return result


def listen(audio: AudioReader, encoder: SpeakerEncoder, told: "Told") -> Unnamed:
    """The sound from its start to its end: what takes long, and needs neither voices nor guides."""
    windows = embed(told.through(audio.sound()), encoder)
    found = diarize(windows.data, windows.hop_s, windows.window_s)
    return Unnamed(audio.heard.duration_s, audio.choice.reason, windows, found, tuple(notes_on(audio.heard)))


def name(
    recording: Recording, content: str, heard: Unnamed, read: ReadAudio, recogniser: Recogniser, config: Config
) -> Result:
    """Who it is that was heard, and in which programme. `read` gives the verifier audio to hear again, and raises."""
    recogniser.book.check_model(heard.windows.model_id)
    [taken] = taken_from([heard.found], recogniser.book.norm)
    spoken = Spoken(heard.found, heard.duration_s, read, taken)
    recognised = recognise(spoken, recogniser.book, recogniser.settings, recogniser.verifier)
    guide = programmes_of(recording, heard.duration_s, config.epg)
    return Result(
        recording=recording,
        content=content,
        duration_s=heard.duration_s,
        audio_stream=heard.audio_stream,
        windows=heard.windows,
        turns=pack(heard.found),
        speech=speech_of(heard.found, heard.duration_s),
        recognised=recognised,
        voices=recogniser.book.names,
        match_key=recogniser.match_key,
        programmes=guide.spans,
        started_at=guide.started_at or recording.started_at,
        notes=(*recording.notes, *guide.notes, *heard.notes),
        taken=taken,
        parts=recogniser.key_parts,
    )


def check_unchanged(recording: Recording, content: str) -> None:
    """Raises `RecordingError` when it is not what it was any more."""
    if content_of(recording) != content:
        raise RecordingError(
            "changed while it was read", path=recording.path, hint="it is done again once it is at rest"
        )


def content_of(recording: Recording) -> str:
    """The recording's fingerprint. Raises `RecordingError` when a file cannot be read."""
    try:
        return fingerprint(recording.files)
    except OSError as error:
        raise unreadable(error, recording.path) from error


class Told:
    """Tells how far a recording has been heard."""

    def __init__(self, progress: Progress | None) -> None:
        self._progress, self._samples = progress, 0

    def through(self, blocks: Iterable[Sound]) -> Iterator[Sound]:
        """The same blocks, each told of once it has been used."""
        for block in blocks:
            yield block
            self._samples += len(block)
            if len(block):  # An empty one says that we do not hang, not that what we wait for goes on.
                self.again()

    def again(self) -> None:
        """Work has advanced, with nothing to hear."""
        if self._progress is not None:
            self._progress(self._samples / SAMPLE_RATE)


def embed(blocks: Iterable[Sound], encoder: SpeakerEncoder) -> Windows:
    """Every window's embedding, compact."""
    parts = [quantise(batch.embeddings) for batch in embed_sound(blocks, encoder)]
    data = np.concatenate(parts) if parts else np.zeros((0, encoder.dim), np.int8)
    return Windows(encoder.model_id, data, encoder.hop_s, encoder.window_s, encoder.numerics)
