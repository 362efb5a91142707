"""Scores of turns against voices: one matrix product beside the naive form, a dot product at a time."""

import time
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

from voicemark.config import MatchSection
from voicemark.lab.bench.figures import Figure
from voicemark.voice.match import Memory, VoiceBook, score
from voicemark.voice.threads import one_thread

DIM = 128
VOICES, ROWS = 20, 60


def naive_scores(directions: Tensor, book: VoiceBook) -> Tensor:
    """(n, d) → (voices, n): every cosine by itself."""
    scores = torch.zeros(len(book), len(directions))
    for voice, middle in enumerate(book.centres):
        for number, direction in enumerate(directions):
            scores[voice, number] = float(torch.dot(middle, direction))
    return scores


def scores_by_turn(directions: Tensor, book: VoiceBook) -> Tensor:
    """The same, with one matrix-vector product for each turn."""
    return torch.cat([score(direction[None], book) for direction in directions], dim=1)


def measure(turns: int = 7200) -> list[Figure]:
    """Turns scored in a second of CPU time against 20 voices of 60 rows each."""
    generator = torch.Generator().manual_seed(0)
    rows = torch.nn.functional.normalize(torch.randn(VOICES * ROWS, DIM, generator=generator), dim=1)
    memories = [Memory(f"voice {n}", memory, 0.5) for n, memory in enumerate(torch.split(rows, ROWS))]
    book = VoiceBook.of(memories, "bench", MatchSection(normalise=False))
    heard = torch.nn.functional.normalize(torch.randn(turns, DIM, generator=generator), dim=1)
    table = f"Turns scored against {VOICES} voices, on one core"
    forms: tuple[tuple[str, Callable[..., Tensor], int], ...] = (
        ("a dot product at a time", naive_scores, max(1, turns // 700)),
        ("a turn at a time", scores_by_turn, max(1, turns // 10)),
        ("all in one matrix product", score, turns),
    )
    with one_thread():
        rates = [(name, _rate(partial(form, book=book), heard[:count])) for name, form, count in forms]
    figures = [Figure(table, name, rate, "a CPU second") for name, rate in rates]
    figures.append(Figure(table, "matrix product / dot products", rates[-1][1] / rates[0][1], "times"))
    return figures


def _rate(form: Callable[[Tensor], object], directions: Tensor) -> float:
    form(directions[:1])
    began = time.process_time()
    form(directions)
    return len(directions) / (time.process_time() - began)
