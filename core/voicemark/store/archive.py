"""What is kept of all recordings for matching, some recordings at a time."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Select, func, or_, select, update
from sqlalchemy.orm import Session

from voicemark.store.database import Database
from voicemark.store.paths import text_to_path
from voicemark.store.schema import EmbeddingRow, RecordingRow


@dataclass(frozen=True)
class KeptRecording:
    """What is kept of a scanned recording, but for the embeddings of its windows."""

    recording_id: int
    path: Path
    content: str
    """Fingerprint of what was embedded."""
    dim: int
    hop_s: float
    window_s: float
    duration_s: float
    turns: bytes | None
    """See `voicemark.voice.diarization`."""


def count_stale(session: Session, model_id: str, match_key: str) -> int:
    """How many recordings have embeddings of the model, and markers that were made with something else."""
    count: int = session.execute(_stale(model_id, match_key, func.count())).scalar_one()
    return count


def stale_recordings(database: Database, model_id: str, match_key: str, at_once: int) -> Iterator[list[KeptRecording]]:
    """Those recordings, newest first, `at_once` at a time; each batch is read when it is asked for.

    Every read is a short transaction of its own, so that the caller can write in between and the log of a busy
    database does not grow. A recording that disappears meanwhile is passed over.
    """
    newest_first = (RecordingRow.started_at.desc().nulls_last(), RecordingRow.id.desc())
    length = func.max(EmbeddingRow.windows - 1, 0) * EmbeddingRow.hop_s + EmbeddingRow.window_s
    wanted = _stale(
        model_id,
        match_key,
        RecordingRow.id,
        RecordingRow.path,
        EmbeddingRow.content,
        EmbeddingRow.dim,
        EmbeddingRow.hop_s,
        EmbeddingRow.window_s,
        func.coalesce(RecordingRow.duration_s, length),
        EmbeddingRow.turns,
    ).order_by(*newest_first)
    with database.reading() as session:
        ids = session.scalars(_stale(model_id, match_key, RecordingRow.id).order_by(*newest_first)).all()
    for first in range(0, len(ids), at_once):
        some = ids[first : first + at_once]
        with database.reading() as session:
            rows = session.execute(wanted.where(RecordingRow.id.in_(some))).all()
        if rows:
            yield [KeptRecording(row[0], text_to_path(row[1]), *row[2:]) for row in rows]


def kept_windows(session: Session, kept: KeptRecording) -> bytes:
    """The embeddings of a recording's windows, see `voicemark.voice.quantisation`. Empty when they are gone."""
    wanted = select(EmbeddingRow.data).where(
        EmbeddingRow.recording_id == kept.recording_id, EmbeddingRow.content == kept.content
    )
    return session.scalar(wanted) or b""


def keep_turns(session: Session, kept: KeptRecording, turns: bytes) -> None:
    """Keep how the recording was cut anew."""
    mine = (EmbeddingRow.recording_id == kept.recording_id, EmbeddingRow.content == kept.content)
    session.execute(update(EmbeddingRow).where(*mine).values(turns=turns))


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
