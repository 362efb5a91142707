"""The archive at once: what is kept of recordings against new voices or thresholds.

Of every recording its stretches are kept, each as one direction: an hour is a few hundred rows. They are read many
recordings at a time and scored in one matrix product, exactly as a scan does. Nothing is decoded, unless a judge is
asked: it hears the doubtful stretches again, as it does in a scan. A recording that it cannot hear now keeps the
markers that it has and is matched another time.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from voicemark.config import MatchSection
from voicemark.errors import RecordingError
from voicemark.store.archive import KeptRecording, count_stale, is_still, kept_windows, stale_recordings
from voicemark.store.database import Database
from voicemark.store.markers import Marker, voice_ids, write_markers
from voicemark.voice.match import VoiceBook, match_key, score
from voicemark.voice.quantisation import unpack_int8
from voicemark.voice.segments import Segment, WindowTimes, borders, find_segments
from voicemark.voice.turns import Stretches, cut, unpack
from voicemark.voice.verifier import Judge, ReadAudio, in_doubt, second_opinion

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
    """Recordings that a judge should have heard and could not: they keep their markers."""


@dataclass(frozen=True)
class SecondHearing:
    """A judge, and how it hears a recording of the archive again."""

    judge: Judge
    listen: Listen


def rematch(
    database: Database,
    book: VoiceBook,
    settings: MatchSection,
    model_id: str,
    *,
    hearing: SecondHearing | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> RematchReport:
    """Match every recording whose markers were made with anything else; those that are current are passed over.

    Markers of a recording are replaced in one transaction. `progress(done, total)` is called after each commit;
    what it raises ends the work, and what is committed stays. Raises ModelError when `book` is of another model,
    DatabaseError when the database cannot be used.
    """
    book.check_model(model_id)
    book = book.to("cpu")
    began = time.monotonic()
    key = match_key(book, settings)
    with database.reading() as session:
        total = count_stale(session, model_id, key)
    done, hours, markers, unheard = 0, 0.0, 0, 0
    for batch in stale_recordings(database, model_id, key, COMMIT_EVERY):
        found = match_batch(database, batch, book, settings, hearing)
        with database.writing() as session:
            voices = voice_ids(session, book.names)
            for kept, segments in zip(batch, found, strict=True):
                if segments is None:
                    unheard += 1
                    continue
                done += 1
                if not is_still(session, kept, model_id):
                    continue
                lines = [Marker(book.names[one.voice], one.start_s, one.end_s, one.score) for one in segments]
                write_markers(session, kept.recording_id, lines, key, voices)
                hours += kept.duration_s / 3600
                markers += len(lines)
        if progress:
            progress(done + unheard, total)
    return RematchReport(done, hours, markers, time.monotonic() - began, unheard)


def match_batch(
    database: Database,
    batch: list[KeptRecording],
    book: VoiceBook,
    settings: MatchSection,
    hearing: SecondHearing | None = None,
) -> list[list[Segment] | None]:
    """The segments of each recording; None where a judge should hear it and cannot. DatabaseError for damaged data."""
    stretches = [_stretches(database, kept) for kept in batch]
    scores = score(torch.cat([one.directions for one in stretches]), book)
    found: list[list[Segment] | None] = []
    for kept, one, own in zip(
        batch, stretches, torch.split(scores, [len(one) for one in stretches], dim=1), strict=True
    ):
        times = WindowTimes(kept.hop_s, kept.window_s, kept.duration_s)
        try:
            judged = own if hearing is None else _judged(own, book, kept, borders(one, times), hearing)
        except RecordingError:
            found.append(None)
            continue
        found.append(find_segments(judged, book.thresholds.tolist(), settings, one, times))
    return found


def _judged(
    scores: Tensor, book: VoiceBook, kept: KeptRecording, moments: list[float], hearing: SecondHearing
) -> Tensor:
    """As `second_opinion`; the recording is not looked for where nothing is in doubt."""
    if not bool(in_doubt(scores, book.thresholds, hearing.judge.band).any()):
        return scores
    read = hearing.listen(kept.path, kept.content)
    return second_opinion(scores, book.thresholds, moments, hearing.judge, read)


def _stretches(database: Database, kept: KeptRecording) -> Stretches:
    """What is kept, or cut anew where that was done by other rules."""
    stretches = None if kept.stretches is None else unpack(kept.stretches, kept.dim)
    if stretches is not None:
        return stretches
    with database.reading() as session:  # empty where the recording was scanned again meanwhile: `is_still` sees to it
        return cut(unpack_int8(kept_windows(session, kept), kept.dim), kept.hop_s, kept.window_s)
