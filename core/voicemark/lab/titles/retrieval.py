"""Retrieval of titles: given one, is a title of its series, or of its category, among the first ten?"""

import hashlib
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from voicemark.epg.genres import COARSE
from voicemark.lab.titles.baselines import Similarity
from voicemark.lab.titles.titles_training import LabelledTitle
from voicemark.titles.vocabulary import normalise

FIRST = 10
COARSE_WORDS = frozenset(COARSE.values()) | {"documentary"}


@dataclass(frozen=True)
class Hits:
    """Over the queries that have anything to find: how often it is among the first ten, and how early."""

    recall: float
    """Share of queries with a right title among the first ten."""
    mrr: float
    """Mean of 1 / rank of the first right title; 0 beyond the first ten."""
    queries: int


@dataclass(frozen=True)
class RetrievalRow:
    """One way to compare titles, or why it is not there. CPU seconds are of comparing all titles once."""

    name: str
    series: Hits | None = None
    category: Hits | None = None
    together: float | None = None
    """Mean of recall and MRR over both."""
    cpu_s: float | None = None
    us_per_title: float | None = None
    """CPU microseconds for one title."""
    missing: str | None = None


def split_titles(
    titles: Iterable[LabelledTitle], held_tenths: int = 3
) -> tuple[list[LabelledTitle], list[LabelledTitle]]:
    """(learned from, held out), by a hash of the title's one spelling: the same title always falls on one side."""
    sides: tuple[list[LabelledTitle], list[LabelledTitle]] = ([], [])
    for title in titles:
        sides[is_held(title.title, held_tenths)].append(title)
    return sides


def is_held(title: str, held_tenths: int = 3) -> bool:
    """Whether a title is held out."""
    return hashlib.sha256(normalise(title).encode()).digest()[0] % 10 < held_tenths


def shuffled(titles: Iterable[LabelledTitle]) -> list[LabelledTitle]:
    """In an order that says nothing: what a method cannot tell apart must not come sorted by title."""
    return sorted(titles, key=lambda title: hashlib.sha256(b"order" + normalise(title.title).encode()).digest())


def fine_categories(title: LabelledTitle) -> frozenset[str]:
    """Its categories as broadcast, without the coarse words put before them, where it has finer ones."""
    own = {label for label in title.labels if label.startswith("category:")}
    fine = {label for label in own if label.removeprefix("category:") not in COARSE_WORDS}
    return frozenset(fine or own)


def series_of_title(title: LabelledTitle) -> frozenset[str]:
    """Its series, as a label."""
    return frozenset(label for label in title.labels if label.startswith("series:"))


def right_answers(
    titles: Sequence[LabelledTitle], labels: Callable[[LabelledTitle], frozenset[str]]
) -> NDArray[np.bool_]:
    """(n, n): do two titles share a label? A title is no answer to itself."""
    number: dict[str, int] = {}
    for title in titles:
        for label in sorted(labels(title)):
            number.setdefault(label, len(number))
    has = np.zeros((len(titles), max(1, len(number))), np.float32)
    for row, title in enumerate(titles):
        has[row, [number[label] for label in labels(title)]] = 1
    right = has @ has.T > 0
    np.fill_diagonal(right, False)
    return right


def first_ten(similarity: NDArray[np.float32]) -> NDArray[np.int64]:
    """(n, min(10, n - 1)) the most similar other titles of each, best first."""
    others = similarity.copy()
    np.fill_diagonal(others, -np.inf)
    return np.argsort(-others, axis=1, kind="stable")[:, : min(FIRST, len(others) - 1)]


def rank_metrics(ranked: NDArray[np.int64], right: NDArray[np.bool_]) -> Hits:
    """Recall and MRR of a ranking."""
    asked = right.any(axis=1)
    if not asked.any():
        return Hits(0.0, 0.0, 0)
    hits = np.take_along_axis(right, ranked, axis=1)[asked]
    found = hits.any(axis=1)
    return Hits(float(found.mean()), float(np.where(found, 1 / (hits.argmax(axis=1) + 1), 0).mean()), int(asked.sum()))


def measure(name: str, titles: Sequence[LabelledTitle], similarity: Similarity) -> RetrievalRow:
    """Compare all titles with all and judge the rankings."""
    texts = [title.title for title in titles]
    started = time.process_time()
    similarities = similarity(texts)
    cpu_s = time.process_time() - started
    ranked = first_ten(similarities)
    series = rank_metrics(ranked, right_answers(titles, series_of_title))
    category = rank_metrics(ranked, right_answers(titles, fine_categories))
    together = (series.recall + series.mrr + category.recall + category.mrr) / 4
    return RetrievalRow(name, series, category, together, cpu_s, cpu_s / len(titles) * 1e6)
