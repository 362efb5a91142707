"""Archives in which made-up people are heard: kept windows, turns and local speakers as a scan leaves them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from sqlalchemy import delete, select
from torch import Tensor

from voicemark.config import MatchSection
from voicemark.store.database import Database
from voicemark.store.schema import EmbeddingRow, LocalSpeakerRow, RecordingRow
from voicemark.store.schema_people import BY_MACHINE, PERSON, MembershipRow, PersonRow
from voicemark.store.speakers import write_speech
from voicemark.voice.diarization import diarize, pack
from voicemark.voice.quantisation import quantise, restore
from voicemark.voice.recognise import speech_of

DIM, HOP_S, WINDOW_S = 32, 0.5, 2.0
BEGUN = datetime(2026, 3, 1, tzinfo=UTC)
MATCH = MatchSection(normalise=False, threshold=0.6)

Turns = Sequence[tuple[int, float]]
"""Who speaks, by number, and for how many seconds."""


@dataclass
class HearingNothing:
    """What an encoder says of itself; nobody asks it to hear."""

    model_id: str = "model"
    dim: int = DIM
    hop_s: float = HOP_S
    window_s: float = WINDOW_S
    sample_rate: int = 16000
    cohort: Tensor | None = None
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))


def sounds(people: int, model_id: str = "model", dim: int = DIM) -> NDArray[np.float32]:
    """What each sounds like to a model: (people, dim) of length 1; people with odd numbers sound a little like the one
    before."""
    rng = np.random.default_rng(len(model_id))
    rows = rng.standard_normal((people, dim))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    rows[1::2] += 0.55 * rows[: len(rows[1::2]) * 2 : 2]
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def windows_of(turns: Turns, seed: int, model_id: str = "model", people: int = 8, dim: int = DIM) -> NDArray[np.int8]:
    """Kept windows of people who speak one after the other."""
    rng = np.random.default_rng(seed)
    whose = np.repeat([who for who, _ in turns], [round(seconds / HOP_S) for _, seconds in turns])
    noise = 0.13 * np.sqrt(DIM / dim) * rng.standard_normal((len(whose), dim))
    return quantise((sounds(people, model_id, dim)[whose] + noise).astype(np.float32))


def hear(database: Database, path: str, turns: Turns, model_id: str = "model", dim: int = DIM) -> int:
    """A recording that was heard, or is heard again by another model; its number."""
    data = windows_of(turns, sum(map(ord, path)), model_id, dim=dim)
    found = diarize(data, HOP_S, WINDOW_S)
    duration_s = (len(data) - 1) * HOP_S + WINDOW_S
    with database.writing() as session:
        row = session.scalar(select(RecordingRow).where(RecordingRow.path == path))
        if row is None:
            count = len(session.scalars(select(RecordingRow.id)).all())
            row = RecordingRow(
                path=path, recorder="plain", content=path.strip("/"), title=Path(path).stem, found_at=BEGUN
            )
            row.started_at = BEGUN + timedelta(days=count)
            session.add(row)
        row.duration_s, row.scanned_at, row.model_id, row.match_key = duration_s, BEGUN, model_id, None
        session.flush()
        session.execute(delete(EmbeddingRow).where(EmbeddingRow.recording_id == row.id))
        session.add(
            EmbeddingRow(
                recording_id=row.id, model_id=model_id, content=row.content, windows=len(data), dim=dim, hop_s=HOP_S,
                window_s=WINDOW_S, data=data.tobytes(), turns=pack(found),
            )
        )  # fmt: skip
        write_speech(session, row.id, speech_of(found, duration_s))
        return row.id


def group(database: Database, who: int, recordings: Sequence[int], model_id: str = "model") -> int:
    """Put whoever sounds like `who` in these recordings together, as a machine does; the person's number."""
    sound = sounds(8, model_id)[who]
    with database.writing() as session:
        person = PersonRow(kind=PERSON, by=BY_MACHINE, created_at=BEGUN)
        session.add(person)
        session.flush()
        for recording_id in recordings:
            for row in session.scalars(select(LocalSpeakerRow).where(LocalSpeakerRow.recording_id == recording_id)):
                cosine = float((restore(np.frombuffer(row.embedding, np.int8)[None]) @ sound)[0])
                if cosine > 0.85:
                    session.add(
                        MembershipRow(
                            recording_id=recording_id, number=row.number, person_id=person.id, placed_by=BY_MACHINE,
                            score=cosine,
                        )
                    )  # fmt: skip
        return person.id
