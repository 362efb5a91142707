"""An archive to measure with: a database as scans leave it, of recordings that nobody has heard.

Hour-long recordings in which people take turns of 4 to 25 seconds, in one of eight it is one of three enrolled voices,
with pauses of silence: some 400 turns of 75 people. People share much of what embeddings show (cosines of strangers
0.22 ± 0.15), windows of one person vary (cosine 0.7).

An hour takes a fifth of a second to be told apart and written. So only some are made, and the database copies them,
each to recordings of its own; a match treats every recording alike, whether another one sounds the same or not.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from sqlalchemy import Table, text
from sqlalchemy.orm import Session

from voicemark.config import MatchSection
from voicemark.recording import Programme, ProgrammeSpan
from voicemark.store.database import open_database
from voicemark.store.markers import voice_ids
from voicemark.store.programmes import lay_programmes
from voicemark.store.schema import (
    EmbeddingRow,
    LocalSpeakerRow,
    RecordingProgrammeRow,
    RecordingRow,
    TurnRow,
)
from voicemark.store.speakers import write_speech
from voicemark.voice.diarization import diarize, pack
from voicemark.voice.match import Memory, VoiceBook
from voicemark.voice.quantisation import quantise
from voicemark.voice.recognise import speech_of

MODEL = "bench"
DIM = 128
WINDOWS_PER_HOUR = 7200
MEMORY_ROWS = 60
STRANGERS = 400
KNOWN_IN_ONE = 3  # enrolled voices in one recording
SETTINGS = MatchSection()
COHORT = 4000  # strangers that scores are normalised on, as the shipped weights have
PATTERNS = 40  # recordings that are made; the others are copies
AT_ONCE = 1000  # recordings copied in one transaction: a gigabyte
COPIED: tuple[Table, ...] = tuple(
    row.__table__  # type: ignore[misc]
    for row in (RecordingRow, EmbeddingRow, LocalSpeakerRow, TurnRow, RecordingProgrammeRow)
)

Floats = NDArray[np.float32]


def book_of(voices: int, threshold: float = 0.35) -> VoiceBook:
    """So many voices, and strangers as many as the shipped weights have."""
    cohort = torch.from_numpy(_people(COHORT, seed=2)).float()
    memories = [Memory(f"voice {n:02}", _rows(one), threshold) for n, one in enumerate(_people(voices))]
    return VoiceBook.of(memories, MODEL, SETTINGS, cohort)


def make_archive(path: Path, hours: int, voices: int) -> None:
    """A database of `hours` recordings of an hour each in which `voices` and strangers take turns; nothing was matched
    in it so far, and nothing normalised (0.99 MB an hour)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    database = open_database(path)
    rng = np.random.default_rng(0)
    everybody = np.concatenate((_people(voices), _people(STRANGERS, seed=1)))
    patterns = min(PATTERNS, hours)
    try:
        with database.writing() as session:
            voice_ids(session, [f"voice {n:02}" for n in range(voices)])
            for number in range(patterns):
                _write(session, number, _hour(rng, everybody, voices))
        for first in range(patterns, hours, AT_ONCE):
            with database.writing() as session:
                for offset in range(first, min(first + AT_ONCE, hours), patterns):
                    _copy(session, offset, min(patterns, hours - offset))
    finally:
        database.close()


def _write(session: Session, number: int, hour: Floats) -> None:
    """What a scan would keep of an hour."""
    now = datetime(2026, 1, 1, tzinfo=UTC)
    row = RecordingRow(
        path=f"/bench/{number + 1}.rec", recorder="vdr", content=str(number + 1), title=f"Hour {number}",
        started_at=now - timedelta(hours=number + 1), duration_s=3600.0, model_id=MODEL, found_at=now,
    )  # fmt: skip
    session.add(row)
    session.flush()
    windows = quantise(hour)
    found = diarize(windows, 0.5, 2.0)
    session.add(
        EmbeddingRow(
            recording_id=row.id, model_id=MODEL, content=row.content, windows=len(windows), dim=DIM,
            hop_s=0.5, window_s=2.0, data=windows.tobytes(), turns=pack(found),
        )
    )  # fmt: skip
    write_speech(session, row.id, speech_of(found, 3600.0))
    halves = [ProgrammeSpan(Programme(f"Half {k}", source="eit"), k * 1800.0, (k + 1) * 1800.0) for k in range(2)]
    lay_programmes(session, row, halves)


def _copy(session: Session, offset: int, count: int) -> None:
    """The first `count` recordings once more, with numbers `offset` higher."""
    new = {
        "recordings": {
            "id": "id + :offset",
            "path": "'/bench/' || (id + :offset) || '.rec'",
            "content": "id + :offset",
            "started_at": "strftime('%Y-%m-%d %H:%M:%f000', started_at, -:offset || ' hours')",
        },
        "window_embeddings": {"recording_id": "recording_id + :offset", "content": "recording_id + :offset"},
    }
    for table in COPIED:
        changed = new.get(table.name, {"recording_id": "recording_id + :offset"})
        columns = [column.name for column in table.columns]
        values = ", ".join(changed.get(name, name) for name in columns)
        key = "id" if table.name == "recordings" else "recording_id"
        copy = (
            f"INSERT INTO {table.name} ({', '.join(columns)}) SELECT {values} FROM {table.name} WHERE {key} <= :count"
        )
        session.execute(text(copy), {"offset": offset, "count": count})


def _people(count: int, seed: int = 0) -> Floats:
    rng = np.random.default_rng(seed)
    common = np.random.default_rng(99).standard_normal(DIM)
    # variety of people has fewer dimensions than an embedding
    basis = np.random.default_rng(98).standard_normal((40, DIM)) / np.sqrt(40)
    return _unit(0.58 * common + rng.standard_normal((count, 40)) @ basis)


def _rows(person: Floats) -> torch.Tensor:
    rng = np.random.default_rng(7)
    return torch.from_numpy(_unit(person + _variety(rng, MEMORY_ROWS)))


def _hour(rng: np.random.Generator, everybody: Floats, known: int) -> Floats:
    return np.concatenate(list(_turns(rng, everybody, known)))[:WINDOWS_PER_HOUR]


def _turns(rng: np.random.Generator, everybody: Floats, known: int) -> Iterator[Floats]:
    total = 0
    cast = rng.choice(known, min(KNOWN_IN_ONE, known), replace=False)
    while total < WINDOWS_PER_HOUR:
        length = int(rng.integers(8, 50))
        who = rng.choice(cast) if rng.random() < 1 / 8 else rng.integers(known, len(everybody))
        yield _unit(everybody[who] + _variety(rng, length))
        pause = int(rng.integers(0, 3))
        yield np.zeros((pause, DIM), np.float32)
        total += length + pause


def _variety(rng: np.random.Generator, count: int) -> Floats:
    return rng.standard_normal((count, DIM), dtype=np.float32) * np.float32(0.65 / np.sqrt(DIM))


def _unit(rows: NDArray[np.floating]) -> Floats:
    unit: Floats = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    return unit
