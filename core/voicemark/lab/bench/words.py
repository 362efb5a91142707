"""What sums of word embeddings cost: one title after another, padded to one batch, and flat with EmbeddingBag."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from voicemark.titles.bags import flat_sum, padded, padded_bag, padded_sum
from voicemark.titles.vocabulary import FeatureBag, Vocabulary
from voicemark.voice.threads import one_thread

TITLES = 2000
DIM = 128
REPEATS = 5
SYLLABLES = (
    *("ba", "der", "nach", "rich", "ten", "tat", "ort", "haus", "welt", "aben", "teuer", "land"),
    *("schaft", "fern", "seh", "gar", "kri", "mi", "stun", "de"),
)


@dataclass(frozen=True)
class WordsRow:
    """One way to sum: CPU seconds of the best of five runs on `TITLES` titles, and how much faster than naive."""

    name: str
    cpu_s: float
    ratio: float


def made_up_titles(count: int, seed: int = 0) -> list[str]:
    """Titles of one to eight made-up words, the same for the same seed."""
    rng = random.Random(seed)

    def word() -> str:
        return "".join(rng.choices(SYLLABLES, k=rng.randint(1, 4)))

    return [" ".join(word() for _ in range(rng.randint(1, 8))).capitalize() for _ in range(count)]


def naive_sum(bag: FeatureBag, table: Tensor) -> Tensor:
    """(n, d) as `padded_sum`, title by title: the reference for the others."""
    rows = [
        sum((table[feature] for feature in bag.ids[start:end]), torch.zeros(table.shape[1]))
        for start, end in zip(bag.offsets[:-1], bag.offsets[1:], strict=True)
    ]
    return torch.stack([torch.as_tensor(row) for row in rows])


def measure_words(titles: int = TITLES, dim: int = DIM) -> list[WordsRow]:
    """Time each way on one thread, padding included where there is padding; raises if results differ."""
    texts = made_up_titles(titles)
    vocabulary = Vocabulary.build(texts)
    table = torch.randn(vocabulary.size, dim, generator=torch.Generator().manual_seed(0))
    table[0] = 0
    bag = vocabulary.bag(texts)
    lists = [bag.ids[a:b].tolist() for a, b in zip(bag.offsets[:-1], bag.offsets[1:], strict=True)]
    ways: list[tuple[str, Callable[[], Tensor], int]] = [
        ("naive: title by title", lambda: naive_sum(bag, table), 1),
        ("padded, rows filled in a loop", lambda: padded_sum(padded(lists), table), REPEATS),
        ("padded, filled at once", lambda: padded_sum(padded_bag(bag), table), REPEATS),
        ("EmbeddingBag, flat", lambda: flat_sum(bag, table), REPEATS),
    ]
    with one_thread(), torch.no_grad():
        expected = ways[0][1]()
        for _, way, _ in ways[1:]:
            torch.testing.assert_close(way(), expected, rtol=1e-4, atol=1e-4)
        seconds = [(name, _best(way, repeats)) for name, way, repeats in ways]
    return [WordsRow(name, cpu_s, seconds[0][1] / max(cpu_s, 1e-9)) for name, cpu_s in seconds]


def _best(way: Callable[[], Tensor], repeats: int) -> float:
    """Least CPU seconds of `repeats` runs."""
    taken = []
    for _ in range(repeats):
        started = time.process_time()
        way()
        taken.append(time.process_time() - started)
    return min(taken)
