"""One recording's whole way, on one screen: from its files to markers.

    probe + demux → log-mel → windows → embed → quantise → turns → recognise → programmes

Audio streams through in blocks, so memory does not grow with the recording's length (what is kept of a window is
128 bytes). Nothing is written here: `voicemark.store.results` writes a `Result` in one transaction.
"""

from collections.abc import Callable, Iterable, Iterator

import numpy as np

from voicemark.audio.demux import AudioReader, Heard
from voicemark.audio.timeline import SAMPLE_RATE, Samples
from voicemark.config import Config
from voicemark.epg.gather import programmes_of
from voicemark.errors import RecordingError, unreadable
from voicemark.recording import Recording, fingerprint
from voicemark.result import Result, Windows
from voicemark.voice.base import SpeakerEncoder
from voicemark.voice.quantisation import quantise
from voicemark.voice.recognise import Recogniser, Spoken, recognise
from voicemark.voice.segments import WindowTimes
from voicemark.voice.turns import pack, segment_turns

Progress = Callable[[float], None]
"""Called with the seconds of the recording that have been heard so far."""


def process(recording: Recording, recogniser: Recogniser, config: Config, progress: Progress | None = None) -> Result:
    """Hear one recording from its start to its end. Reads only.

    Raises `RecordingError` (or one of its kinds) when it cannot be read, has no audio, vanishes or changes meanwhile.
    """
    content = content_of(recording)
    audio = AudioReader.of(recording, config.audio)
    windows = embed(counted(audio.blocks(), progress), recogniser.encoder)
    recogniser.book.check_model(windows.model_id)
    turns = segment_turns(windows.data, windows.hop_s, windows.window_s)
    times = WindowTimes(windows.hop_s, windows.window_s, audio.heard.duration_s)
    spoken = Spoken(turns, times, audio.stretch)
    markers = recognise(spoken, recogniser.book, recogniser.settings, recogniser.verifier)
    found = programmes_of(recording, audio.heard.duration_s, config.epg)
    if content_of(recording) != content:
        raise RecordingError(
            "changed while it was read", path=recording.path, hint="it is done again once it is at rest"
        )
    return Result(
        recording=recording,
        content=content,
        duration_s=audio.heard.duration_s,
        audio_stream=audio.choice.reason,
        windows=windows,
        turns=pack(turns),
        markers=markers,
        voices=recogniser.book.names,
        match_key=recogniser.match_key,
        programmes=found.spans,
        started_at=found.started_at or recording.started_at,
        notes=(*recording.notes, *found.notes, *notes_on(audio.heard)),
    )


def content_of(recording: Recording) -> str:
    """The recording's fingerprint. Raises `RecordingError` when a file cannot be read."""
    try:
        return fingerprint(recording.files)
    except OSError as error:
        raise unreadable(error, recording.path) from error


def counted(blocks: Iterable[Samples], progress: Progress | None) -> Iterator[Samples]:
    """The same blocks, reporting how far they have come."""
    samples = 0
    for block in blocks:
        yield block
        samples += len(block)
        if progress is not None:
            progress(samples / SAMPLE_RATE)


def embed(blocks: Iterable[Samples], encoder: SpeakerEncoder) -> Windows:
    """Every window's embedding, compact."""
    parts = [quantise(batch.embeddings) for batch in encoder.embed_blocks(blocks)]
    data = np.concatenate(parts) if parts else np.zeros((0, encoder.dim), np.int8)
    return Windows(encoder.model_id, data, encoder.hop_s, encoder.window_s)


def notes_on(heard: Heard) -> list[str]:
    """What was wrong with the audio, a sentence each."""
    notes = [str(found) for found in heard.breaks]
    if heard.damage:
        notes.append(f"damaged audio: {heard.damage}")
    return notes
