"""Scores of windows against memories: one matrix product beside the naive form, a dot product at a time."""

import time
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

from voicemark.bench.figures import Figure
from voicemark.config import MatchSection
from voicemark.voice.match import Memory, VoiceBook, top_mean

DIM, TOP_K = 128, 5
VOICES, ROWS = 20, 60


def naive_scores(windows: Tensor, book: VoiceBook, top_k: int) -> Tensor:
    """(n, d) → (voices, n): every cosine by itself, sorted, averaged."""
    scores = torch.zeros(len(book), len(windows))
    for voice in range(len(book)):
        memory = book.memory(voice)
        for number, window in enumerate(windows):
            cosines = sorted((float(torch.dot(row, window)) for row in memory), reverse=True)
            scores[voice, number] = sum(cosines[:top_k]) / len(cosines[:top_k])
    return scores


def scores_by_window(windows: Tensor, book: VoiceBook, top_k: int) -> Tensor:
    """The same, with one matrix-vector product for each window."""
    return torch.cat([top_mean(window[None], book, top_k) for window in windows], dim=1)


def measure(windows: int = 7200) -> list[Figure]:
    """Windows scored in a second of CPU time against 20 voices of 60 rows each."""
    generator = torch.Generator().manual_seed(0)
    rows = torch.nn.functional.normalize(torch.randn(VOICES * ROWS, DIM, generator=generator), dim=1)
    memories = [Memory(f"voice {n}", memory, 0.5) for n, memory in enumerate(torch.split(rows, ROWS))]
    book = VoiceBook.of(memories, "bench", MatchSection(calibrate=False))
    heard = torch.nn.functional.normalize(torch.randn(windows, DIM, generator=generator), dim=1)
    table = f"Windows scored against {VOICES} voices of {ROWS} rows, on one core"
    forms: tuple[tuple[str, Callable[..., Tensor], int], ...] = (
        ("a dot product at a time", naive_scores, max(1, windows // 700)),
        ("a window at a time", scores_by_window, max(1, windows // 10)),
        ("all in one matrix product", top_mean, windows),
    )
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        rates = [(name, _rate(partial(score, book=book, top_k=TOP_K), heard[:count])) for name, score, count in forms]
    finally:
        torch.set_num_threads(threads)
    figures = [Figure(table, name, rate, "a CPU second") for name, rate in rates]
    figures.append(Figure(table, "matrix product / dot products", rates[-1][1] / rates[0][1], "times"))
    return figures


def _rate(score: Callable[[Tensor], object], windows: Tensor) -> float:
    score(windows[:1])
    began = time.process_time()
    score(windows)
    return len(windows) / (time.process_time() - began)
