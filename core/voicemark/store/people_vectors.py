"""What people sound like, out of what is kept: directions of local speakers, middles of voices' memories."""

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from voicemark.store.schema import EmbeddingRow, LocalSpeakerRow, MemoryRow, RecordingRow, VoiceRow
from voicemark.store.schema_people import MembershipRow, PersonRow

Directions = NDArray[np.float32]
"""(n, d), each row of length 1."""


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


def named_directions(session: Session, model_id: str) -> tuple[list[int], list[str], Directions]:
    """The persons that have a name and a memory under the model: numbers, names, the middles of their memories."""
    rows = session.execute(
        select(PersonRow.id, VoiceRow.name, MemoryRow.dim, MemoryRow.embeddings)
        .join(VoiceRow, VoiceRow.id == PersonRow.voice_id)
        .join(MemoryRow, MemoryRow.voice_id == VoiceRow.id)
        .where(MemoryRow.model_id == model_id)
        .order_by(VoiceRow.name)
    ).all()
    middles = [np.frombuffer(row.embeddings, "<f4").reshape(-1, row.dim).sum(axis=0) for row in rows]
    return [row.id for row in rows], [row.name for row in rows], _of_length_1(middles)


def _of_length_1(rows: list[NDArray[np.int8]] | list[NDArray[np.float32]]) -> Directions:
    if not rows:
        return np.zeros((0, 0), np.float32)
    values = np.stack(rows).astype(np.float32)
    return np.asarray(values / np.maximum(np.linalg.norm(values, axis=1, keepdims=True), 1e-9), np.float32)
