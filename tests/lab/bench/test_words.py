"""The words benchmark measures ways that give the same result."""

import pytest
import torch

from voicemark.lab.bench import words
from voicemark.lab.bench.words import made_up_titles, measure_words


def test_every_way_is_measured_on_the_same_titles_and_compared_with_the_naive_one() -> None:
    rows = measure_words(titles=40, dim=8)
    assert [row.name.split(",")[0].split(":")[0] for row in rows] == ["naive", "padded", "padded", "EmbeddingBag"]
    assert rows[0].ratio == 1.0


def test_a_way_that_gives_something_else_is_not_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words, "flat_sum", lambda bag, table: torch.zeros(len(bag.lengths), table.shape[1]))
    with pytest.raises(AssertionError):
        measure_words(titles=40, dim=8)


def test_made_up_titles_are_the_same_for_the_same_seed() -> None:
    assert made_up_titles(5, seed=3) == made_up_titles(5, seed=3) != made_up_titles(5, seed=4)
