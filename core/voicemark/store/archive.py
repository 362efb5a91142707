"""What is kept of all recordings for matching, some recordings at a time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Select, func, or_, select, update
from sqlalchemy.orm import Session

from voicemark.result import Taken
from voicemark.store.database import Database
from voicemark.store.matching import read_taken
from voicemark.store.paths import text_to_path
from voicemark.store.schema import EmbeddingRow, NormalisationRow, RecordingRow


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
    taken: Taken | None = None
    """What score normalisation takes from them, where that is kept."""
    match_key: str | None = None
    """What the present markers were made with."""


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
        RecordingRow.match_key,
        NormalisationRow.cohort,
        NormalisationRow.turns,
        NormalisationRow.taken,
    )
    wanted = wanted.outerjoin(NormalisationRow, NormalisationRow.recording_id == RecordingRow.id)
    wanted = wanted.order_by(*newest_first)
    with database.reading() as session:
        ids = session.scalars(_stale(model_id, match_key, RecordingRow.id).order_by(*newest_first)).all()
    for first in range(0, len(ids), at_once):
        some = ids[first : first + at_once]
        with database.reading() as session:
            rows = session.execute(wanted.where(RecordingRow.id.in_(some))).all()
        if rows:
            yield [_kept(row) for row in rows]


def _kept(row: Any) -> KeptRecording:
    number, path, content, dim, hop_s, window_s, duration_s, turns, key, *taken = row
    return KeptRecording(
        number, text_to_path(path), content, dim, hop_s, window_s, duration_s, turns, read_taken(turns, *taken), key
    )


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


def still_there(session: Session, batch: Sequence[KeptRecording], model_id: str) -> set[int]:
    """Which of the recordings have still the embeddings that `batch` holds. (They may have been scanned again, or be
    gone.)"""
    ids = [kept.recording_id for kept in batch]
    present = select(EmbeddingRow.recording_id, EmbeddingRow.content).where(
        EmbeddingRow.recording_id.in_(ids), EmbeddingRow.model_id == model_id
    )
    contents = dict(session.execute(present).all())
    return {kept.recording_id for kept in batch if contents.get(kept.recording_id) == kept.content}


def set_match_key(session: Session, recordings: Sequence[int], key: str | None) -> None:
    """Note what the markers of these recordings are made with: they stay as they are."""
    session.execute(update(RecordingRow).where(RecordingRow.id.in_(recordings)).values(match_key=key))


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
