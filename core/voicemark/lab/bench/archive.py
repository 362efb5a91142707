"""What it costs to match an archive anew: what is kept of 1,000 hours against 20 voices.

All that the program does is in it: rows that are read, normalisation, scores, markers, names of turns, whose the local
speakers are, rows that are written. The match runs in a process of its own, so that its memory is that of a match and
not of what else is measured.
"""

import resource
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from voicemark.actions.rematch import RematchReport, rematch
from voicemark.lab.bench.figures import Figure
from voicemark.lab.bench.made_up import MEMORY_ROWS, SETTINGS, book_of, make_archive
from voicemark.lab.bench.usage import Usage, of_call
from voicemark.store.database import open_database
from voicemark.voice.verifier import ReadAudio


@dataclass(frozen=True)
class Matches:
    """What each match of one archive took, in their order."""

    cold: Usage
    """All voices but one, of recordings of which nothing is normalised: the cohort has changed."""
    more: Usage
    """One more voice, all else being as it was."""
    anew: Usage
    """All voices once more, as where all of them are new; normalisation is kept."""
    markers: int
    before_mb: float
    """Memory of the process before the first."""


def measure(folder: Path, hours: int, voices: int) -> list[Figure]:
    """Make an archive in a database in `folder` (1 MB an hour), match it, and say what that took."""
    path = folder / "archive.db"
    _remove(path)
    try:
        made = of_call(lambda: make_archive(path, hours, voices))
        size_mb = path.stat().st_size / 1e6
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as fresh:
            used = fresh.submit(match, path, voices).result()
    finally:
        _remove(path)
    table = f"Matching {hours:,} kept hours against {voices} voices of {MEMORY_ROWS} rows, normalisation included"
    return [
        Figure(table, "making the archive up", made.cpu_s, "CPU s"),
        Figure(table, "its database", size_mb, "MB"),
        Figure(table, f"the first {voices - 1} voices, nothing normalised", used.cold.cpu_s, "CPU s"),
        Figure(table, "one more voice", used.more.cpu_s, "CPU s"),
        Figure(table, f"{voices} voices anew", used.anew.cpu_s, "CPU s", "aim: at most 3, better 1.5, for 1,000 hours"),
        Figure(table, "that by the clock", used.anew.seconds, "s"),
        Figure(table, "memory taken for it", used.anew.peak_mb - used.before_mb, "MB"),
        Figure(table, "peak memory of the process", used.anew.peak_mb, "MB", "aim: at most 500, for 10,000 hours too"),
        Figure(table, "markers written", used.markers, ""),
    ]


def match(path: Path, voices: int) -> Matches:
    """Match the made-up archive in `path` three times."""
    database = open_database(path)
    reports: list[RematchReport] = []
    before_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    books: list[Callable[[], object]] = [
        lambda: rematch(database, book_of(voices - 1), SETTINGS, _never),
        lambda: rematch(database, book_of(voices), SETTINGS, _never),
        lambda: reports.append(rematch(database, book_of(voices, 0.36), SETTINGS, _never)),
    ]
    try:
        cold, more, anew = map(of_call, books)
    finally:
        database.close()
    return Matches(cold, more, anew, reports[0].markers, before_mb)


def _never(path: Path, _content: str) -> ReadAudio:
    raise AssertionError(f"nothing is read again without a verifier: {path}")


def _remove(path: Path) -> None:
    for file in path.parent.glob(path.name + "*"):
        file.unlink()
