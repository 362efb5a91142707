"""What recordings are heard with, made from a configuration: encoder, enrolled voices, verifier."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import torch

from voicemark.audio.demux import AudioReader
from voicemark.audio.timeline import Samples
from voicemark.config import Config
from voicemark.enrolment.enrolment import VoiceReport, enrol, tell_what_waits
from voicemark.errors import EnrolmentError, RecordingError
from voicemark.pipeline import content_of
from voicemark.recorders import find_recordings
from voicemark.store.database import Database
from voicemark.voice.base import SpeakerEncoder
from voicemark.voice.load import configured_encoder, load_encoder
from voicemark.voice.match import VoiceBook
from voicemark.voice.recognise import Recogniser
from voicemark.voice.verifier import ReadAudio, Verifier


@dataclass(frozen=True)
class Made:
    """A recogniser, and how each voice of the configuration was enrolled for it."""

    recogniser: Recogniser
    reports: Sequence[VoiceReport]


def make_recogniser(config: Config, database: Database, encoder: SpeakerEncoder | None = None) -> Made:
    """Enrol the voices of `config` and load what it names; `encoder` where that is loaded already.

    Raises `DatabaseError`, `ModelError`, `EnrolmentError`; a voice without a good sample is in the reports and not
    looked for.
    """
    encoder = encoder or configured_encoder(config.encoder)
    enrolment = enrol(config, encoder, database)
    tell_what_waits(database, enrolment.reports)
    verifier = load_verifier(config, enrolment.book, database)
    return Made(Recogniser(encoder, enrolment.book, config.match, verifier), enrolment.reports)


def load_verifier(config: Config, book: VoiceBook, database: Database) -> Verifier | None:
    """The verifier that the configuration names, knowing the voices of `book` as it hears them itself; None without.

    Raises `ModelError`, and `EnrolmentError` when it cannot make a memory of a voice that the encoder could.
    """
    section = config.match.verifier
    if section is None or not len(book):
        return None
    encoder = load_encoder(section.model, config.encoder.device)
    theirs = enrol(config, encoder, database).book
    sampled = {speaker.name for speaker in config.speakers}
    missing = [name for name in book.names if name not in theirs.names and name in sampled]
    if missing:
        raise EnrolmentError(f"the verifier finds nothing in the samples of {', '.join(missing)}", path=section.model)
    memories = [
        theirs.memory(theirs.names.index(name)).cpu() if name in theirs.names else torch.zeros(0, encoder.dim)
        for name in book.names
    ]
    return Verifier(encoder, memories, section.threshold, section.band)


def heard_again(path: Path, content: str, config: Config) -> ReadAudio:
    """The audio of a recording that was heard before. Raises `RecordingError` where it is not there as it was."""
    for recorder, found in find_recordings(path, config.watch):
        recording = recorder.read(found)
        if content_of(recording) == content:
            return AudioReader.of(recording, config.audio).excerpt
    raise RecordingError("has changed since it was heard", path=path)


def when_asked(found: Callable[[], ReadAudio]) -> ReadAudio:
    """The audio that `found` finds, looked for once, and only when it is read."""
    once = cache(found)

    def read(start_s: float, end_s: float) -> Samples:
        return once()(start_s, end_s)

    return read
