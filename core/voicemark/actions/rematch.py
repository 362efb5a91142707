"""The archive at once: what is kept of recordings against new voices or thresholds.

Of every recording its turns and its people are kept, each as one direction: an hour is some hundred rows. They are read
many recordings at a time and scored in one matrix product, exactly as a scan does. What was cut by other rules is cut
anew, out of the windows that are kept. Nothing is decoded, unless a verifier is asked: it hears doubtful people again,
as it does in a scan. A recording that it cannot hear now keeps the markers that it has and is matched another time.
"""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from voicemark.actions.recogniser import heard_again
from voicemark.audio.timeline import Samples
from voicemark.config import Config, MatchSection
from voicemark.errors import RecordingError
from voicemark.store.archive import KeptRecording, count_stale, is_still, keep_turns, kept_windows, stale_recordings
from voicemark.store.database import Database
from voicemark.store.markers import known_voice_ids, write_markers
from voicemark.store.speakers import write_names, write_speech
from voicemark.store.sqlite_errors import DatabaseLostError, DatabaseUnavailableError
from voicemark.voice.diarization import Diarization, diarize, pack, unpack
from voicemark.voice.match import VoiceBook, match_key
from voicemark.voice.quantisation import unpack_int8
from voicemark.voice.recognise import Recogniser, Spoken, recognise_all, speech_of
from voicemark.voice.verifier import ReadAudio, Verifier

log = logging.getLogger(__name__)

COMMIT_EVERY = 32  # recordings: a kill repeats at most so many, and the disk is waited for once for all of them

Listen = Callable[[Path, str], ReadAudio]
"""Path and fingerprint of a recording → its audio. Raises RecordingError where it is not there as it was."""


@dataclass(frozen=True)
class RematchReport:
    """What was done: `hours` of recordings in `seconds`."""

    recordings: int
    hours: float
    markers: int
    seconds: float
    unheard: int = 0
    """Recordings that a verifier should have heard and could not: they keep their markers."""


def rematch(
    database: Database,
    book: VoiceBook,
    settings: MatchSection,
    listen: Listen,
    verifier: Verifier | None = None,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> RematchReport:
    """Match every recording whose markers were made with anything else; those that are current are passed over.

    `listen` opens a recording's audio where a verifier hears it again. Markers of a recording are replaced in one
    transaction. `progress(done, total)` is called after each commit; what it raises ends the work, and what is
    committed stays. Raises DatabaseError when the database cannot be used.
    """
    model_id, key = book.model_id, match_key(book, settings)
    book = book.to("cpu")
    began = time.monotonic()
    with database.reading() as session:
        total = count_stale(session, model_id, key)
    done, hours, markers, unheard = 0, 0.0, 0, 0
    for stale in stale_recordings(database, model_id, key, COMMIT_EVERY):
        batch, spoken = _whole(database, stale, listen)
        unheard += len(stale) - len(batch)
        results = recognise_all(spoken, book, settings, verifier)
        with database.writing() as session:
            voices = known_voice_ids(session, book.names)
            made_with = key if len(voices) == len(book.names) else None  # A voice may have been forgotten meanwhile.
            for kept, one, recognised in zip(batch, spoken, results, strict=True):
                if isinstance(recognised, RecordingError):
                    unheard += 1
                    continue
                done += 1
                if not is_still(session, kept, model_id):
                    continue
                if (packed := pack(one.found)) != kept.turns:
                    keep_turns(session, kept, packed)
                    write_speech(session, kept.recording_id, speech_of(one.found, kept.duration_s))
                write_markers(session, kept.recording_id, recognised.markers, made_with, voices)
                write_names(session, kept.recording_id, recognised.named, voices)
                hours += kept.duration_s / 3600
                markers += len(recognised.markers)
        if progress:
            progress(done + unheard, total)
    return RematchReport(done, hours, markers, time.monotonic() - began, unheard)


def _whole(
    database: Database, stale: Sequence[KeptRecording], listen: Listen
) -> tuple[list[KeptRecording], list[Spoken]]:
    """Those of which what is kept can be read; damaged data of one recording keep no other from being matched."""
    batch: list[KeptRecording] = []
    sounds: list[Spoken] = []
    for kept in stale:
        try:
            sounds.append(spoken_of(kept, diarization_of(database, kept), listen))
        except (DatabaseUnavailableError, DatabaseLostError):
            raise
        except Exception as error:
            log.warning("%s is not matched, and is to be scanned again: %s", kept.path, error)
        else:
            batch.append(kept)
    return batch, sounds


def match_archive(
    database: Database, recogniser: Recogniser, config: Config, progress: Callable[[int, int], None] | None = None
) -> RematchReport:
    """What is kept of all recordings, matched where it was matched otherwise; see `voicemark.actions.rematch`."""

    def listen(path: Path, content: str) -> ReadAudio:
        return heard_again(path, content, config)

    return rematch(database, recogniser.book, recogniser.settings, listen, recogniser.verifier, progress=progress)


def spoken_of(kept: KeptRecording, found: Diarization, listen: Listen) -> Spoken:
    """What is known of a recording; its audio is looked for only when it is read."""

    @cache
    def audio() -> ReadAudio:
        return listen(kept.path, kept.content)

    def read(start_s: float, end_s: float) -> Samples:
        return audio()(start_s, end_s)

    return Spoken(found, kept.duration_s, read)


def diarization_of(database: Database, kept: KeptRecording) -> Diarization:
    """What is kept, or cut anew where that was done by other rules. DatabaseError for damaged data."""
    found = None if kept.turns is None else unpack(kept.turns, kept.dim, kept.hop_s, kept.window_s)
    if found is not None:
        return found
    with database.reading() as session:  # empty where the recording was scanned again meanwhile: `is_still` sees to it
        return diarize(unpack_int8(kept_windows(session, kept), kept.dim), kept.hop_s, kept.window_s)
