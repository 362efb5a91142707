"""How long 1,000 hours of kept embeddings and 20 voices take to be matched anew.

The archive is made up, but looks like one: hour-long recordings in which people take turns of 4 to 25 seconds, in one
of eight it is one of three enrolled voices, with pauses of silence. People share much of what embeddings show (cosines
of strangers 0.22 ± 0.15), windows of one person vary (cosine 0.7).
"""

import resource
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from sqlalchemy import insert

from voicemark.actions.rematch import RematchReport, rematch
from voicemark.config import MatchSection
from voicemark.lab.bench.figures import Figure
from voicemark.lab.bench.usage import of_call
from voicemark.store.database import open_database
from voicemark.store.markers import voice_ids
from voicemark.store.matching import keep_taken
from voicemark.store.schema import EmbeddingRow, RecordingRow
from voicemark.voice.diarization import diarize, pack
from voicemark.voice.match import Memory, VoiceBook
from voicemark.voice.naming import taken_from
from voicemark.voice.quantisation import quantise
from voicemark.voice.verifier import ReadAudio

MODEL = "bench"
DIM = 128
WINDOWS_PER_HOUR = 7200
MEMORY_ROWS = 60
STRANGERS = 400
KNOWN_IN_ONE = 3  # enrolled voices in one recording
SETTINGS = MatchSection()
COHORT = 4000  # strangers that scores are normalised on, as the shipped weights have

Floats = NDArray[np.float32]


def measure(folder: Path, hours: int = 1000, voices: int = 20) -> list[Figure]:
    """Make an archive in a database in `folder` (0.96 MB an hour), match it, and say what that took."""
    people = _people(voices)
    path = folder / "archive.db"
    folder.mkdir(parents=True, exist_ok=True)
    _remove(path)
    book = book_of(people[: voices - 1])
    make_archive(path, hours, people, book)
    database = open_database(path)
    reports: list[RematchReport] = []
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    try:
        with database.writing() as session:
            voice_ids(session, [f"voice {n:02}" for n in range(voices)])
        used = of_call(lambda: reports.append(rematch(database, book, SETTINGS, _never)))
        more = of_call(lambda: reports.append(rematch(database, book_of(people), SETTINGS, _never)))
        again = of_call(lambda: reports.append(rematch(database, book_of(people, 0.36), SETTINGS, _never)))
    finally:
        database.close()
    _remove(path)
    table = f"Matching {hours:,} kept hours against {voices} voices of {MEMORY_ROWS} rows, normalisation included"
    peak = max(one.peak_mb for one in (used, more, again))
    return [
        Figure(table, f"the first {voices - 1} voices", used.cpu_s, "CPU s"),
        Figure(table, "one more voice", more.cpu_s, "CPU s"),
        Figure(table, f"{voices} voices anew", again.cpu_s, "CPU s", "aim: at most 3, better 1.5, for 1,000 hours"),
        Figure(table, "that by the clock", again.seconds, "s"),
        Figure(table, "memory taken for it", peak - before, "MB"),
        Figure(table, "peak memory of the process", peak, "MB", "aim: at most 500, for 10,000 hours too"),
        Figure(table, "markers written", reports[-1].markers, ""),
    ]


def book_of(people: Floats, threshold: float = 0.35) -> VoiceBook:
    """Voices of `people` (n, DIM), and strangers as many as the shipped weights have."""
    cohort = torch.from_numpy(_people(COHORT, seed=2)).float()
    memories = [Memory(f"voice {n:02}", _rows(one), threshold) for n, one in enumerate(people)]
    return VoiceBook.of(memories, MODEL, SETTINGS, cohort)


def make_archive(path: Path, hours: int, people: Floats, book: VoiceBook) -> None:
    """A database of `hours` recordings of an hour each in which `people` (n, DIM) and strangers take turns; of each is
    kept what a scan with `book` would keep of it."""
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
                    found = diarize(windows, 0.5, 2.0)
                    session.execute(
                        insert(EmbeddingRow).values(
                            recording_id=row.id, model_id=MODEL, content=str(number), windows=len(windows), dim=DIM,
                            hop_s=0.5, window_s=2.0, data=windows.tobytes(),
                            turns=pack(found),
                        )
                    )  # fmt: skip
                    keep_taken(session, row.id, pack(found), taken_from([found], book.norm)[0])
    finally:
        database.close()


def _never(path: Path, _content: str) -> ReadAudio:
    raise AssertionError(f"nothing is read again without a verifier: {path}")


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


def _remove(path: Path) -> None:
    for file in path.parent.glob(path.name + "*"):
        file.unlink()
