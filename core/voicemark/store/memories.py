"""What is remembered of each voice: its memory under a model, and the samples that it was made of."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from voicemark.store.markers import voice_ids
from voicemark.store.schema import MemoryRow, VoiceRow


@dataclass(frozen=True)
class StoredMemory:
    """A memory as it was kept."""

    samples: str
    """Digest of the samples that it was made of."""
    embeddings: NDArray[np.float32]
    """(rows, d)."""
    made_at: datetime
    sources: tuple[str, ...] | None = None
    """The samples that it was made of; None: not known (an earlier version made it)."""


SAMPLES, CONFIRMED, DENIED = "samples", "confirmed", "denied"
"""Origins of a memory: see `voicemark.store.schema.MemoryRow`."""


def load_memory(session: Session, name: str, model_id: str, origin: str = SAMPLES) -> StoredMemory | None:
    """The memory of a voice under a model; None where there is none, or where it is damaged and must be made anew."""
    mine = (VoiceRow.name == name, MemoryRow.model_id == model_id, MemoryRow.origin == origin)
    row = session.scalars(select(MemoryRow).join(VoiceRow).where(*mine)).one_or_none()
    if row is None or len(row.embeddings) != row.windows * row.dim * 4:
        return None
    values = np.frombuffer(row.embeddings, "<f4").reshape(row.windows, row.dim)
    sources = None if row.sources is None else tuple(json.loads(row.sources))
    return StoredMemory(row.samples, values.astype(np.float32), row.made_at, sources)


def drop_memory(session: Session, name: str, model_id: str, origin: str) -> None:
    """Keep a voice's memory of this origin no more."""
    mine = select(VoiceRow.id).where(VoiceRow.name == name).scalar_subquery()
    which = (MemoryRow.voice_id == mine, MemoryRow.model_id == model_id, MemoryRow.origin == origin)
    session.execute(delete(MemoryRow).where(*which))


def save_memory(
    session: Session,
    name: str,
    model_id: str,
    samples: str,
    embeddings: NDArray[np.float32],
    sources: Sequence[str] | None = None,
    origin: str = SAMPLES,
) -> None:
    """Keep a voice's memory (rows, d) under a model in place of the one before. Those of other models and other origins
    stay."""
    voice = voice_ids(session, [name])[name]
    mine = (MemoryRow.voice_id == voice, MemoryRow.model_id == model_id, MemoryRow.origin == origin)
    session.execute(delete(MemoryRow).where(*mine))
    session.add(
        MemoryRow(
            voice_id=voice,
            model_id=model_id,
            samples=samples,
            windows=embeddings.shape[0],
            dim=embeddings.shape[1],
            embeddings=embeddings.astype("<f4").tobytes(),
            made_at=datetime.now(UTC),
            sources=None if sources is None else json.dumps(sources),
            origin=origin,
        )
    )
