"""What is remembered of each voice: its memory under a model, and the samples that it was made of."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import torch
from sqlalchemy import delete, select
from sqlalchemy.orm import Session
from torch import Tensor

from voicemark.store.markers import voice_ids
from voicemark.store.schema import MemoryRow, VoiceRow


@dataclass(frozen=True)
class StoredMemory:
    """A memory as it was kept."""

    samples: str
    """Digest of the samples that it was made of."""
    embeddings: Tensor
    """(rows, d) float32."""
    made_at: datetime
    sources: tuple[str, ...] | None = None
    """The samples that it was made of; None: not known (an earlier version made it)."""


def load_memory(session: Session, name: str, model_id: str) -> StoredMemory | None:
    """The memory of a voice under a model; None where there is none, or where it is damaged and must be made anew."""
    query = select(MemoryRow).join(VoiceRow).where(VoiceRow.name == name, MemoryRow.model_id == model_id)
    row = session.scalars(query).one_or_none()
    if row is None or len(row.embeddings) != row.windows * row.dim * 4:
        return None
    values = np.frombuffer(row.embeddings, "<f4").reshape(row.windows, row.dim)
    sources = None if row.sources is None else tuple(json.loads(row.sources))
    return StoredMemory(row.samples, torch.from_numpy(values.astype(np.float32)), row.made_at, sources)


def save_memory(
    session: Session, name: str, model_id: str, samples: str, embeddings: Tensor, sources: Sequence[str] | None = None
) -> None:
    """Keep a voice's memory under a model in place of the one before. Memories of other models stay."""
    voice = voice_ids(session, [name])[name]
    session.execute(delete(MemoryRow).where(MemoryRow.voice_id == voice, MemoryRow.model_id == model_id))
    session.add(
        MemoryRow(
            voice_id=voice,
            model_id=model_id,
            samples=samples,
            windows=embeddings.shape[0],
            dim=embeddings.shape[1],
            embeddings=embeddings.numpy().astype("<f4").tobytes(),
            made_at=datetime.now(UTC),
            sources=None if sources is None else json.dumps(sources),
        )
    )
