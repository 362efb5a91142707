"""The archive at once: what is kept of recordings against new voices or thresholds.

Of every recording its turns and its people are kept, each as one direction: an hour is some hundred rows. They are read
many recordings at a time and scored in one matrix product, exactly as a scan does. What was cut by other rules is cut
anew, out of the windows that are kept. Nothing is decoded, unless a verifier is asked: it hears doubtful people again,
as it does in a scan. A recording that it cannot hear now keeps the markers that it has and is matched another time.
"""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from sqlalchemy.orm import Session

from voicemark.actions.recogniser import heard_again, when_asked
from voicemark.config import Config, MatchSection
from voicemark.errors import RecordingError
from voicemark.result import Taken
from voicemark.store.archive import (
    KeptRecording,
    count_stale,
    keep_turns,
    kept_windows,
    set_match_key,
    stale_recordings,
    still_there,
)
from voicemark.store.carry import place_said
from voicemark.store.database import Database
from voicemark.store.markers import count_markers, known_voice_ids
from voicemark.store.matching import forget_matchings, keep_all_taken, remember_matching, remembered_matchings
from voicemark.store.recognised import write_recognised
from voicemark.store.speakers import write_speech
from voicemark.store.sqlite_errors import DatabaseLostError, DatabaseUnavailableError
from voicemark.voice.diarization import Diarization, diarize, pack, unpack
from voicemark.voice.match import VoiceBook, key_parts, whole_key
from voicemark.voice.naming import concerned, taken_for
from voicemark.voice.quantisation import unpack_int8
from voicemark.voice.recognise import Recogniser, Spoken, recognise_all, speech_of
from voicemark.voice.verifier import ReadAudio, Verifier

log = logging.getLogger(__name__)

COMMIT_EVERY = 64  # recordings: a kill repeats at most so many, and the disk is waited for once for all of them
HEARD_EVERY = 16  # the same where a verifier listens again, which takes a thousand times as long

Listen = Callable[[Path, str], ReadAudio]
"""Path and fingerprint of a recording → its audio. Raises RecordingError where it is not there as it was."""


@dataclass(frozen=True)
class RematchReport:
    """What was done: `hours` of recordings in `seconds`."""

    recordings: int
    hours: float
    markers: int
    """All that these recordings have now, also those that stayed as they were."""
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
    book = book.to("cpu")
    parts = key_parts(book, settings)
    model_id, key = book.model_id, whole_key(parts)
    began = time.monotonic()
    with database.reading() as session:
        total = count_stale(session, model_id, key)
        earlier = remembered_matchings(session)
    added = {before: _added(of, parts, book) for before, of in earlier.items() if verifier is None}
    done, hours, markers, unheard = 0, 0.0, 0, 0
    for stale in stale_recordings(database, model_id, key, COMMIT_EVERY if verifier is None else HEARD_EVERY):
        batch = _whole(database, stale, listen, book)
        unheard += len(stale) - len(batch)
        alone, changed = _left_alone(batch, book, added)
        results = recognise_all([one.spoken for one in changed], book, settings, verifier)
        unheard += sum(isinstance(one, RecordingError) for one in results)
        done += len(alone) + sum(not isinstance(one, RecordingError) for one in results)
        with database.writing() as session:
            voices = known_voice_ids(session, book.names)
            made_with = key if len(voices) == len(book.names) else None  # A voice may have been forgotten meanwhile.
            there = still_there(session, stale, model_id)
            present = [item for item in batch if item.kept.recording_id in there]
            for item in present:
                if item.cut_anew:
                    item.keep_cut(session)
            keep_all_taken(
                session,
                {
                    item.kept.recording_id: (item.turns, item.taken)
                    for item in present
                    if item.taken is not item.kept.taken
                },
            )
            untouched = [one.kept for one in alone if one.kept.recording_id in there]
            set_match_key(session, [kept.recording_id for kept in untouched], made_with)
            if untouched:
                markers += count_markers(session, [kept.recording_id for kept in untouched])
            found = {
                one.kept.recording_id: (one.kept, recognised)
                for one, recognised in zip(changed, results, strict=True)
                if not isinstance(recognised, RecordingError) and one.kept.recording_id in there
            }
            written = {number: recognised for number, (_, recognised) in found.items()}
            marked = write_recognised(session, written, made_with, voices)
            if made_with is not None:
                remember_matching(session, key, parts)
        hours += sum(kept.duration_s for kept in [*untouched, *(kept for kept, _ in found.values())]) / 3600
        markers += marked
        if progress:
            progress(done + unheard, total)
    if done:
        with database.writing() as session:
            forget_matchings(session, but=key)
    return RematchReport(done, hours, markers, time.monotonic() - began, unheard)


@dataclass(frozen=True)
class _Item:
    """A recording that is to be matched, and what of it is to be kept for the next time."""

    kept: KeptRecording
    spoken: Spoken
    cut_anew: bool
    taken: Taken
    """What score normalisation takes; kept where it was computed anew."""

    @cached_property
    def turns(self) -> bytes:
        """As they are to be kept."""
        return pack(self.spoken.found) if self.cut_anew or self.kept.turns is None else self.kept.turns

    def keep_cut(self, session: Session) -> None:
        """Keep how it was cut anew, and whose its local speakers are now."""
        keep_turns(session, self.kept, self.turns)
        write_speech(session, self.kept.recording_id, speech_of(self.spoken.found, self.kept.duration_s))
        place_said(session, self.kept.recording_id, self.kept.content)


def _whole(database: Database, stale: Sequence[KeptRecording], listen: Listen, book: VoiceBook) -> list[_Item]:
    """Those of which what is kept can be read; damaged data of one recording keep no other from being matched."""
    batch: list[tuple[KeptRecording, Diarization, bool]] = []
    for kept in stale:
        try:
            batch.append((kept, *diarization_of(database, kept)))
        except (DatabaseUnavailableError, DatabaseLostError):
            raise
        except Exception as error:
            log.warning("%s is not matched, and is to be scanned again: %s", kept.path, error)
    known = [
        kept.taken if kept.taken and len(kept.taken.values) == len(found) + len(found.people) and not anew else None
        for kept, found, anew in batch
    ]
    taken = taken_for([found for _, found, _ in batch], book, known)
    return [
        _Item(kept, spoken_of(kept, found, listen, of), anew, of)
        for (kept, found, anew), of in zip(batch, taken, strict=True)
    ]


def _added(before: Sequence[str], now: Sequence[str], book: VoiceBook) -> list[int] | None:
    """Which voices were added since a match with the parts `before`, where nothing else has changed; else None.

    A voice with the lowest threshold of all makes more turns be heard by themselves, which may change any voice's.
    """
    if not set(before) <= set(now) or len(set(now)) < len(now):
        return None
    old = [voice for voice, part in enumerate(now[1:]) if part in before]
    lowest = book.thresholds[old].min() if old else None
    if lowest is None or lowest > book.thresholds.min():
        return None
    return [voice for voice in range(len(book)) if voice not in old]


def _left_alone(
    batch: Sequence[_Item], book: VoiceBook, added: Mapping[str, list[int] | None]
) -> tuple[list[_Item], list[_Item]]:
    """Those whose markers are what they would be made again, since only voices were added that come near nobody there;
    and the others."""
    since = {
        one.kept.recording_id: tuple(voices)
        for one in batch
        if not one.cut_anew and (voices := added.get(one.kept.match_key or "")) is not None
    }
    alone: set[int] = set()
    for new in set(since.values()):
        mine = [one for one in batch if since.get(one.kept.recording_id) == new]
        concern = concerned([one.spoken.found for one in mine], book, [one.taken for one in mine], new)
        alone |= {one.kept.recording_id for one, does in zip(mine, concern, strict=True) if not does}
    return (
        [one for one in batch if one.kept.recording_id in alone],
        [one for one in batch if one.kept.recording_id not in alone],
    )


def match_archive(
    database: Database, recogniser: Recogniser, config: Config, progress: Callable[[int, int], None] | None = None
) -> RematchReport:
    """What is kept of all recordings, matched where it was matched otherwise; see `voicemark.actions.rematch`."""

    def listen(path: Path, content: str) -> ReadAudio:
        return heard_again(path, content, config)

    return rematch(database, recogniser.book, recogniser.settings, listen, recogniser.verifier, progress=progress)


def spoken_of(kept: KeptRecording, found: Diarization, listen: Listen, taken: Taken | None = None) -> Spoken:
    """What is known of a recording; its audio is looked for only when it is read."""
    return Spoken(found, kept.duration_s, when_asked(lambda: listen(kept.path, kept.content)), taken)


def diarization_of(database: Database, kept: KeptRecording) -> tuple[Diarization, bool]:
    """What is kept, or cut anew where that was done by other rules, and whether it was. DatabaseError for damaged
    data."""
    found = None if kept.turns is None else unpack(kept.turns, kept.dim, kept.hop_s, kept.window_s)
    if found is not None:
        return found, False
    with database.reading() as session:  # empty where it was scanned again meanwhile: `still_there` sees to it
        return diarize(unpack_int8(kept_windows(session, kept), kept.dim), kept.hop_s, kept.window_s), True
