"""How long 1,000 hours of kept embeddings and 20 voices take to be matched anew.

The archive is made up, but looks like one: hour-long recordings in which people take turns of 4 to 25 seconds, one in
eight of them an enrolled voice, with pauses of silence. People share much of what embeddings show (cosines of
strangers 0.25 ± 0.15), windows of one person vary (cosine 0.7).
"""

import resource
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from sqlalchemy import insert

from voicemark.config import MatchSection
from voicemark.store.database import open_database
from voicemark.store.schema import EmbeddingRow, RecordingRow
from voicemark.voice.compact import quantise
from voicemark.voice.match import Memory, VoiceBook
from voicemark.voice.rematch import rematch

MODEL = "bench"
DIM = 128
WINDOWS_PER_HOUR = 7200
MEMORY_ROWS = 60
STRANGERS = 400
SETTINGS = MatchSection(threshold=0.6, calibrate=False)

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class ArchiveFigures:
    """`seconds` by the clock and `cpu_s` of both threads; `grown_mb`: peak memory beyond that before."""

    hours: int
    voices: int
    rows: int
    seconds: float
    cpu_s: float
    grown_mb: float
    markers: int


def measure(path: Path, hours: int = 1000, voices: int = 20) -> ArchiveFigures:
    """Make an archive in a database at `path` (0.93 MB an hour), match it, and say how long matching took."""
    people = _people(voices)
    make_archive(path, hours, people)
    book = VoiceBook.of([Memory(f"voice {n:02}", _rows(people[n]), 0.6) for n in range(voices)], MODEL, SETTINGS)
    database = open_database(path)
    try:
        before = _usage()
        report = rematch(database, book, SETTINGS, MODEL)
        after = _usage()
    finally:
        database.close()
    return ArchiveFigures(
        hours=hours,
        voices=voices,
        rows=len(book.rows),
        seconds=report.seconds,
        cpu_s=after[0] - before[0],
        grown_mb=after[1] - before[1],
        markers=report.markers,
    )


def make_archive(path: Path, hours: int, people: Floats) -> None:
    """A database of `hours` recordings of an hour each in which `people` (n, DIM) and strangers take turns."""
    database = open_database(path)
    rng = np.random.default_rng(0)
    everybody = np.concatenate((people, _people(STRANGERS, seed=1)))
    now = datetime.now(UTC)
    try:
        for first in range(0, hours, 50):
            with database.writing() as session:
                for number in range(first, min(first + 50, hours)):
                    row = RecordingRow(
                        path=f"/bench/{number}.rec", recorder="vdr", content=str(number), title=f"Hour {number}",
                        started_at=now - timedelta(hours=number), duration_s=3600.0, model_id=MODEL, found_at=now,
                    )  # fmt: skip
                    session.add(row)
                    session.flush()
                    windows = quantise(_hour(rng, everybody, len(people)))
                    session.execute(
                        insert(EmbeddingRow).values(
                            recording_id=row.id, model_id=MODEL, content=str(number), windows=len(windows), dim=DIM,
                            hop_s=0.5, window_s=2.0, data=windows.tobytes(),
                        )
                    )  # fmt: skip
    finally:
        database.close()


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
    while total < WINDOWS_PER_HOUR:
        length = int(rng.integers(8, 50))
        who = rng.integers(known) if rng.random() < 1 / 8 else rng.integers(known, len(everybody))
        yield _unit(everybody[who] + _variety(rng, length))
        pause = int(rng.integers(0, 3))
        yield np.zeros((pause, DIM), np.float32)
        total += length + pause


def _variety(rng: np.random.Generator, count: int) -> Floats:
    return rng.standard_normal((count, DIM), dtype=np.float32) * np.float32(0.65 / np.sqrt(DIM))


def _unit(rows: NDArray[np.floating]) -> Floats:
    unit: Floats = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    return unit


def _usage() -> tuple[float, float]:
    """CPU seconds and peak memory (MB) of this process so far."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024
