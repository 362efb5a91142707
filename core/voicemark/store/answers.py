"""What a person said of each voice, and what is heard there: of what memories are made besides samples."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import LargeBinary, func, select, type_coerce
from sqlalchemy.orm import Session

from voicemark.store.schema import EmbeddingRow, VoiceRow
from voicemark.store.schema_acts import IS, OF_SPEAKER, StatementRow
from voicemark.store.schema_people import PersonRow


@dataclass(frozen=True)
class AnsweredSpan:
    """A span of a recording of which a person said that it is, or is not, a voice."""

    content: str
    start_s: float
    end_s: float
    is_so: bool
    of_speaker: bool
    """It is one of a local speaker's, who was said to be the voice as a whole."""


@dataclass(frozen=True)
class KeptWindows:
    """The windows that are kept of a content under a model: where they are, not what they are."""

    recording_id: int
    windows: int
    dim: int
    hop_s: float
    window_s: float


def answers_by_voice(session: Session) -> dict[str, list[AnsweredSpan]]:
    """Of every voice of which something was said, in order of saying."""
    rows = session.execute(
        select(VoiceRow.name, StatementRow)
        .join(PersonRow, PersonRow.voice_id == VoiceRow.id)
        .join(StatementRow, StatementRow.person_id == PersonRow.id)
        .order_by(VoiceRow.name, StatementRow.id)
    )
    found: dict[str, list[AnsweredSpan]] = {}
    for name, row in rows:
        span = AnsweredSpan(row.content, row.start_s, row.end_s, row.answer == IS, row.about == OF_SPEAKER)
        found.setdefault(name, []).append(span)
    return found


def kept_contents(session: Session, model_id: str, contents: Iterable[str]) -> dict[str, KeptWindows]:
    """Those of these contents of which windows of the model are kept."""
    wanted = set(contents)
    rows = session.execute(
        select(
            EmbeddingRow.content, func.min(EmbeddingRow.recording_id), EmbeddingRow.windows, EmbeddingRow.dim,
            EmbeddingRow.hop_s, EmbeddingRow.window_s,
        )
        .where(EmbeddingRow.model_id == model_id)
        .group_by(EmbeddingRow.content)
    )  # fmt: skip
    return {row[0]: KeptWindows(row[1], row[2], row[3], row[4], row[5]) for row in rows if row[0] in wanted}


def rows_of(session: Session, model_id: str, kept: KeptWindows, first: int, last: int) -> NDArray[np.int8]:
    """Windows [first, last), as they are kept (n, dim); fewer where the recording was heard again meanwhile."""
    part = func.substr(EmbeddingRow.data, 1 + first * kept.dim, (last - first) * kept.dim)
    data = session.scalar(
        select(type_coerce(part, LargeBinary)).where(
            EmbeddingRow.recording_id == kept.recording_id, EmbeddingRow.model_id == model_id
        )
    )
    whole = len(data or b"") // kept.dim * kept.dim
    return np.frombuffer((data or b"")[:whole], np.int8).reshape(-1, kept.dim)
