"""The fast cut is the best cut, and blocks do not show."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.talk import unit

from voicemark.voice import partition as module
from voicemark.voice.partition import LEAST_DISTANCE, USUAL_DISTANCE, partition, typical_distance


def rows(count: int, dim: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    walk = np.cumsum(rng.standard_normal((count, dim)), axis=0) * 0.3 + rng.standard_normal((count, dim))
    return unit(walk.astype(np.float32))


@given(
    count=st.integers(1, 9),
    dim=st.integers(2, 8),
    seed=st.integers(0, 10_000),
    penalty=st.floats(0.05, 3.0),
    longest=st.integers(1, 10),
)
def test_no_cut_of_all_costs_less(count: int, dim: int, seed: int, penalty: float, longest: int) -> None:
    units = rows(count, dim, seed)

    def cost(lengths: Sequence[int]) -> float:
        parts = np.split(units.astype(np.float64), np.cumsum(lengths)[:-1])
        return sum(len(part) - float(np.linalg.norm(part.sum(axis=0))) + penalty for part in parts)

    found = partition(units, penalty, longest)
    assert sum(found) == count and min(found) >= 1
    assert max(found) <= longest
    best = min(
        cost(np.diff([0, *inner, count]).tolist())
        for size in range(count)
        for inner in combinations(range(1, count), size)
        if max(np.diff([0, *inner, count])) <= longest
    )
    assert cost(found) == pytest.approx(best, abs=1e-4)


def test_blocks_of_the_band_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    units = rows(200, 6, 3)
    whole = partition(units, 0.5, 40)
    monkeypatch.setattr(module, "AT_ONCE", 17)
    assert partition(units, 0.5, 40) == whole


def test_the_typical_distance_is_the_lower_quartile_of_windows_that_are_both_heard() -> None:
    units = np.eye(4, dtype=np.float32)[[0, 0, 1, 1, 1, 2]]
    heard = np.array([True, True, True, True, True, False])
    assert typical_distance(units, heard, 2) == pytest.approx(np.quantile([1, 1, 0], 0.25))
    assert typical_distance(units, np.zeros(6, bool), 2) == USUAL_DISTANCE
    assert typical_distance(units[:1], heard[:1], 2) == USUAL_DISTANCE
    assert typical_distance(units[[0, 0, 0]], heard[:3], 1) == LEAST_DISTANCE
