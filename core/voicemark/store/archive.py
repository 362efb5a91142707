"""What is kept of all recordings for matching, some recordings at a time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Select, func, literal, or_, select, update
from sqlalchemy.orm import Session

from voicemark.result import Taken
from voicemark.store.database import Database
from voicemark.store.matching import read_taken
from voicemark.store.paths import text_to_path
from voicemark.store.schema import EmbeddingRow, NormalisationRow, RecordingRow
from voicemark.store.schema_acts import SaidRow


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
    """What the present markers were made with, besides what was said; None also where something else was said since."""
    said: str | None = None
    """A digest of what was said of the content."""


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
        SaidRow.digest,
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
    number, path, content, dim, hop_s, window_s, duration_s, turns, whole_key, said, *taken = row
    key, _, of_said = (whole_key or "").partition("+")
    same = key if key and of_said == (said or "") else None
    of_turns = read_taken(turns, *taken)
    return KeptRecording(
        number, text_to_path(path), content, dim, hop_s, window_s, duration_s, turns, of_turns, same, said
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
    """Of which of the recordings the same is still kept and said as `batch` holds. (They may have been scanned again,
    or be gone, or somebody corrected them.)"""
    ids = [kept.recording_id for kept in batch]
    present = (
        select(EmbeddingRow.recording_id, EmbeddingRow.content, SaidRow.digest)
        .outerjoin(SaidRow, SaidRow.content == EmbeddingRow.content)
        .where(EmbeddingRow.recording_id.in_(ids), EmbeddingRow.model_id == model_id)
    )
    now = {number: (content, said) for number, content, said in session.execute(present)}
    return {kept.recording_id for kept in batch if now.get(kept.recording_id) == (kept.content, kept.said)}


def set_match_key(session: Session, recordings: Sequence[int], key: str | None) -> None:
    """Note what the markers of these recordings are made with, besides what was said of them."""
    said = select("+" + SaidRow.digest).where(SaidRow.content == RecordingRow.content).scalar_subquery()
    with_said = None if key is None else literal(key) + func.coalesce(said, "")
    session.execute(
        update(RecordingRow)
        .where(RecordingRow.id.in_(recordings))
        .values(match_key=with_said)
        .execution_options(synchronize_session=False)
    )


def _stale(model_id: str, match_key: str, *columns: Any) -> Select[Any]:
    wanted = literal(match_key) + func.coalesce("+" + SaidRow.digest, "")
    return (
        select(*columns)
        .select_from(RecordingRow)
        .join(EmbeddingRow, EmbeddingRow.recording_id == RecordingRow.id)
        .outerjoin(SaidRow, SaidRow.content == EmbeddingRow.content)
        .where(
            EmbeddingRow.model_id == model_id,
            or_(RecordingRow.match_key.is_(None), RecordingRow.match_key != wanted),
        )
    )
