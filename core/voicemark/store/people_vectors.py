"""What people sound like, out of what is kept: directions of local speakers, middles of voices' memories."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from voicemark.store.answers import KeptWindows, rows_of
from voicemark.store.memories import DENIED
from voicemark.store.schema import EmbeddingRow, LocalSpeakerRow, MemoryRow, RecordingRow, TurnRow, VoiceRow
from voicemark.store.schema_acts import AskedRow
from voicemark.store.schema_people import BY_MATCH, PERSON, CannotLinkRow, MembershipRow, PersonRow

Directions = NDArray[np.float32]
"""(n, d), each row of length 1."""

AT_ONCE = 4096


@dataclass(frozen=True)
class Speaker:
    """A local speaker, and whose it is as far as that is in doubt."""

    recording_id: int
    number: int
    seconds: float
    person: int | None
    """The person without a name that it belongs to."""
    matched: int | None = None
    """The person whom the matching alone takes it for."""


def present_model(session: Session) -> str | None:
    """The model that most recordings are kept under; None where none is. Of others nothing is compared with it."""
    counted = select(EmbeddingRow.model_id).group_by(EmbeddingRow.model_id).order_by(func.count().desc()).limit(1)
    return session.scalar(counted)


def directions_of(session: Session, person: int, model_id: str, at_most: int) -> Directions:
    """What the person sounds like in so many recordings, where most is heard: a direction of each."""
    query = (
        select(LocalSpeakerRow.embedding, func.max(LocalSpeakerRow.seconds))
        .join(
            MembershipRow,
            (MembershipRow.recording_id == LocalSpeakerRow.recording_id)
            & (MembershipRow.number == LocalSpeakerRow.number),
        )
        .join(RecordingRow, RecordingRow.id == LocalSpeakerRow.recording_id)
        .where(MembershipRow.person_id == person, RecordingRow.model_id == model_id)
        .group_by(LocalSpeakerRow.recording_id)
        .order_by(func.max(LocalSpeakerRow.seconds).desc())
        .limit(at_most)
    )
    return _of_length_1([np.frombuffer(row.embedding, np.int8) for row in session.execute(query)])


def turn_directions(session: Session, model_id: str, speaker: Speaker, at_most: int) -> Directions:
    """What a local speaker sounds like in its longest turns: a direction of each."""
    kept = session.execute(
        select(
            EmbeddingRow.recording_id, EmbeddingRow.windows, EmbeddingRow.dim, EmbeddingRow.hop_s, EmbeddingRow.window_s
        ).where(EmbeddingRow.recording_id == speaker.recording_id, EmbeddingRow.model_id == model_id)
    ).one_or_none()
    if kept is None:
        return np.zeros((0, 0), np.float32)
    where = KeptWindows(*kept)
    turns = session.execute(
        select(TurnRow.start_s, TurnRow.end_s)
        .where(TurnRow.recording_id == speaker.recording_id, TurnRow.local_speaker == speaker.number)
        .order_by((TurnRow.end_s - TurnRow.start_s).desc())
        .limit(at_most)
    )
    sums = []
    for start_s, end_s in turns:
        first = min(round(start_s / where.hop_s), where.windows)
        last = min(max(first + 1, round((end_s - where.window_s) / where.hop_s) + 1), where.windows)
        rows = _of_length_1(list(rows_of(session, model_id, where, first, last)))
        if rows.any():
            sums.append(rows.sum(axis=0))
    return _of_length_1(sums)


def named_directions(session: Session, model_id: str) -> tuple[list[int], list[str], Directions]:
    """The persons that have a name and a memory under the model: numbers, names, the middles of their memories."""
    rows = session.execute(
        select(PersonRow.id, VoiceRow.name, MemoryRow.dim, MemoryRow.embeddings)
        .join(VoiceRow, VoiceRow.id == PersonRow.voice_id)
        .join(MemoryRow, MemoryRow.voice_id == VoiceRow.id)
        .where(MemoryRow.model_id == model_id, MemoryRow.origin != DENIED)
        .order_by(VoiceRow.name, PersonRow.id)
    ).all()
    names: dict[int, str] = {}
    sums: dict[int, Directions] = {}
    for person, name, dim, embeddings in rows:
        names[person] = name
        mine = np.frombuffer(embeddings, "<f4").reshape(-1, dim).sum(axis=0)
        sums[person] = sums[person] + mine if person in sums else mine
    return list(names), list(names.values()), _of_length_1(list(sums.values()))


def open_speakers(session: Session, model_id: str, shortest_s: float) -> Iterator[tuple[list[Speaker], Directions]]:
    """Local speakers who are nobody yet, or somebody without a name, or whom the matching alone has named; some at a
    time, with their directions."""
    query = (
        select(LocalSpeakerRow, MembershipRow.person_id, PersonRow.voice_id)
        .join(RecordingRow, RecordingRow.id == LocalSpeakerRow.recording_id)
        .outerjoin(
            MembershipRow,
            (MembershipRow.recording_id == LocalSpeakerRow.recording_id)
            & (MembershipRow.number == LocalSpeakerRow.number),
        )
        .outerjoin(PersonRow, PersonRow.id == MembershipRow.person_id)
        .where(RecordingRow.model_id == model_id, RecordingRow.deleted_at.is_(None))
        .where(LocalSpeakerRow.seconds >= shortest_s)
        .where(
            or_(
                PersonRow.id.is_(None),
                MembershipRow.placed_by == BY_MATCH,
                (PersonRow.voice_id.is_(None)) & (PersonRow.kind == PERSON),
            )
        )
        .execution_options(yield_per=AT_ONCE)
    )
    for part in session.execute(query).partitions():
        rows = [(row.LocalSpeakerRow, row.person_id, row.voice_id is not None) for row in part]
        speakers = [
            Speaker(one.recording_id, one.number, one.seconds, None if named else person, person if named else None)
            for one, person, named in rows
        ]
        yield speakers, _of_length_1([np.frombuffer(one.embedding, np.int8) for one, _, _ in rows])


def answered(session: Session, noes: int) -> set[tuple[int | tuple[int, int], int]]:
    """What is not asked again: a person, or a local speaker (recording, number), and whom it is not; persons where it
    was answered so often."""
    persons = session.execute(select(AskedRow.person_id, AskedRow.other_id).where(AskedRow.noes >= noes))
    speakers = session.execute(select(CannotLinkRow.recording_id, CannotLinkRow.number, CannotLinkRow.person_id))
    found: set[tuple[int | tuple[int, int], int]] = {(person, other) for person, other in persons}
    return found | {((recording, number), person) for recording, number, person in speakers}


def _of_length_1(rows: list[NDArray[np.int8]] | list[NDArray[np.float32]]) -> Directions:
    if not rows:
        return np.zeros((0, 0), np.float32)
    values = np.stack(rows).astype(np.float32)
    return np.asarray(values / np.maximum(np.linalg.norm(values, axis=1, keepdims=True), 1e-9), np.float32)
