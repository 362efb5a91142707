"""The kept embeddings of all recordings, one recording at a time."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from voicemark.store.database import Database
from voicemark.store.schema import EmbeddingRow, RecordingRow


@dataclass(frozen=True)
class KeptRecording:
    """A scanned recording's embeddings as they are stored."""

    recording_id: int
    content: str
    """Fingerprint of what was embedded."""
    dim: int
    hop_s: float
    window_s: float
    duration_s: float
    data: bytes
    """int8 rows, see `voicemark.voice.compact`."""


def count_stale(session: Session, model_id: str, match_key: str) -> int:
    """How many recordings have embeddings of the model, and markers that were made with something else."""
    count: int = session.execute(_stale(model_id, match_key, func.count())).scalar_one()
    return count


def stale_recordings(database: Database, model_id: str, match_key: str) -> Iterator[KeptRecording]:
    """Those recordings, newest first; each is read when it is asked for.

    Every read is a short transaction of its own, so that the caller can write in between and the log of a busy
    database does not grow. A recording that disappears meanwhile is passed over.
    """
    newest_first = (RecordingRow.started_at.desc().nulls_last(), RecordingRow.id.desc())
    length = func.max(EmbeddingRow.windows - 1, 0) * EmbeddingRow.hop_s + EmbeddingRow.window_s
    wanted = _stale(
        model_id,
        match_key,
        RecordingRow.id,
        EmbeddingRow.content,
        EmbeddingRow.dim,
        EmbeddingRow.hop_s,
        EmbeddingRow.window_s,
        func.coalesce(RecordingRow.duration_s, length),
        EmbeddingRow.data,
    )
    with database.reading() as session:
        ids = session.scalars(_stale(model_id, match_key, RecordingRow.id).order_by(*newest_first)).all()
    for recording_id in ids:
        with database.reading() as session:
            row = session.execute(wanted.where(RecordingRow.id == recording_id)).one_or_none()
        if row is not None:
            yield KeptRecording(*row)


def is_still(session: Session, kept: KeptRecording, model_id: str) -> bool:
    """Has the recording still the embeddings that `kept` holds? (It may have been scanned again, or be gone.)"""
    present = select(EmbeddingRow.content).where(
        EmbeddingRow.recording_id == kept.recording_id, EmbeddingRow.model_id == model_id
    )
    return session.scalar(present) == kept.content


def _stale(model_id: str, match_key: str, *columns: Any) -> Select[Any]:
    return (
        select(*columns)
        .select_from(RecordingRow)
        .join(EmbeddingRow, EmbeddingRow.recording_id == RecordingRow.id)
        .where(
            EmbeddingRow.model_id == model_id,
            or_(RecordingRow.match_key.is_(None), RecordingRow.match_key != match_key),
        )
    )
