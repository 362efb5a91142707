"""Groups of local speakers: as a slow reference makes them, whatever the size of the blocks."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.talk import unit

from voicemark.voice.evidence import WINDOW
from voicemark.voice.linking_evidence import (
    BETWEEN,
    RECORDING,
    Means,
    likely,
    likeness,
    likeness_without,
    lowest_product,
    means_of,
)
from voicemark.voice.linking_merge import agglomerate, near
from voicemark.voice.quantisation import quantise, restore

DIM = 128


def heard(count: int, people: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Local speakers (n, d) as they are kept, and the seconds of each."""
    rng = np.random.default_rng(seed)
    voices = unit(rng.standard_normal((people, DIM)).astype(np.float32))
    seconds = rng.uniform(2, 90, count)
    noise = (
        rng.standard_normal((count, DIM)) * np.sqrt((RECORDING + WINDOW / np.maximum(1, seconds / 2)) / DIM)[:, None]
    )
    return quantise((voices[rng.integers(0, people, count)] * np.sqrt(BETWEEN) + noise).astype(np.float32)), seconds


def odds(x: np.ndarray, v: float, y: np.ndarray, w: float) -> float:
    """The same from the densities of two points, dimension by dimension."""
    b, a, c = BETWEEN / DIM, (BETWEEN + v) / DIM, (BETWEEN + w) / DIM
    together = np.linalg.inv([[a, b], [b, c]])
    both = np.stack((x, y))
    logs = -0.5 * np.einsum("id,ij,jd->", both, together, both) - 0.5 * DIM * np.log(a * c - b * b)
    return float(logs + 0.5 * (x @ x / a + y @ y / c) + 0.5 * DIM * np.log(a * c))


def naive(directions: np.ndarray, seconds: np.ndarray, recordings: np.ndarray, join: float) -> set[frozenset[int]]:
    """Every pair anew in each round, from the local speakers themselves."""
    rows = restore(directions).astype(np.float64)
    spread = RECORDING + WINDOW / np.maximum(1, seconds / 2)
    rows *= np.sqrt(BETWEEN + spread)[:, None]
    groups = [[k] for k in range(len(rows))]
    never: set[frozenset[int]] = set()
    while True:
        weights = [1 / spread[group] for group in groups]
        middles = [(w[:, None] * rows[g]).sum(axis=0) / w.sum() for w, g in zip(weights, groups, strict=True)]
        score = np.full((len(groups), len(groups)), -np.inf)
        for i in range(len(groups)):
            for j in range(i):
                if not any({a, b} == pair for pair in never for a in groups[i] for b in groups[j]):
                    score[i, j] = score[j, i] = odds(middles[i], 1 / weights[i].sum(), middles[j], 1 / weights[j].sum())
        pairs = [
            (j, i)
            for i in range(len(groups))
            for j in range(i)
            if score[i, j] >= join and score[i, j] == score[i].max() == score[j].max()
        ]
        if not pairs:
            return {frozenset(group) for group in groups}
        for j, i in pairs:
            if set(recordings[groups[i]]) & set(recordings[groups[j]]):
                never.add(frozenset((groups[i][0], groups[j][0])))
            else:
                groups[j] += groups[i]
                groups[i] = []
        groups = [group for group in groups if group]


def fast(
    directions: np.ndarray, seconds: np.ndarray, recordings: np.ndarray, join: float, block: int
) -> set[frozenset[int]]:
    means = means_of(directions, seconds)
    of = [{int(r)} for r in recordings]

    def merged(kept: int, gone: int) -> None:
        of[kept] |= of[gone]

    edges = near(means, -np.inf if join < 0 else 0.0, most=1000, tile=(block, 1 + block // 2))
    owner = agglomerate(means, edges, join, merged, lambda one, other: not of[one].isdisjoint(of[other]))
    return {frozenset(np.flatnonzero(owner == one).tolist()) for one in set(owner.tolist())}


@settings(deadline=None, max_examples=15)
@given(
    count=st.integers(0, 16), people=st.integers(1, 5), seed=st.integers(0, 9999), join=st.floats(0, 30),
    block=st.integers(1, 20),
)  # fmt: skip
def test_groups_as_the_slow_reference_does(count: int, people: int, seed: int, join: float, block: int) -> None:
    directions, seconds = heard(count, people, seed)
    recordings = np.random.default_rng(seed).integers(0, 6, count)
    got = fast(directions, seconds, recordings, join, block)
    assert all(len(set(recordings[list(group)].tolist())) == len(group) for group in got)
    assert got == naive(directions, seconds, recordings, join)


def every_likeness(rows: Means, columns: Means) -> np.ndarray:
    """Of all pairs, without leaving any out."""
    both = rows.joined(columns)
    first, second = np.divmod(np.arange(len(rows) * len(columns)), len(columns))
    return likeness(both, first, second + len(rows)).reshape(len(rows), len(columns))


@settings(deadline=None, max_examples=15)
@given(count=st.integers(1, 30), seed=st.integers(0, 9999), least=st.floats(-5, 60))
def test_whoever_is_likely_somebody_of_a_group_is_found(count: int, seed: int, least: float) -> None:
    single = means_of(*heard(count, 3, seed))
    groups = single.grouped([list(range(k, min(count, k + 4))) for k in range(0, count, 3)])
    score = every_likeness(single, groups)
    rows, columns, odds = likely(single, groups, least)
    assert set(zip(*np.nonzero(score >= least + 1e-3), strict=True)) <= set(zip(rows, columns, strict=True))
    assert odds == pytest.approx(score[rows, columns], abs=1e-3)
    assert (odds >= least).all()


def test_how_likely_one_is_the_rest_of_its_group() -> None:
    single = means_of(*heard(9, 2, 5))
    members = [[0, 1, 2, 3, 4], [5, 6, 7], [8]]
    mine = np.array([0] * 5 + [1] * 3 + [2])
    got = likeness_without(single, single.grouped(members), np.arange(9), mine)
    for k in range(8):
        rest = single.grouped([[other for other in members[mine[k]] if other != k]])
        assert got[k] == pytest.approx(every_likeness(single.only(np.array([k])), rest)[0, 0], abs=0.01)
    assert got[8] == -np.inf


@settings(deadline=None, max_examples=15)
@given(count=st.integers(2, 30), seed=st.integers(0, 9999), block=st.integers(1, 40), join=st.floats(-5, 30))
def test_every_pair_that_is_likely_is_found_once_in_whatever_blocks(
    count: int, seed: int, block: int, join: float
) -> None:
    means = means_of(*heard(count, 3, seed))
    edges = near(means, join, most=count, tile=(block, 1 + block // 2))
    score = every_likeness(means, means)
    expected = {(i, j) for i in range(count) for j in range(i + 1, count) if score[i, j] >= join + 1e-3}
    got = list(zip(edges.first.tolist(), edges.second.tolist(), strict=True))
    assert expected <= set(got)
    assert len(got) == len(set(got))
    assert (edges.score >= join).all()


@settings(deadline=None, max_examples=15)
@given(count=st.integers(2, 30), seed=st.integers(0, 9999), join=st.floats(-5, 40))
def test_no_pair_under_the_lowest_product_is_likely(count: int, seed: int, join: float) -> None:
    single = means_of(*heard(count, 3, seed))
    groups = [list(range(k, min(count, k + 3))) for k in range(0, count, 2)]
    means = single.joined(single.grouped(groups))
    under = (means.rows @ means.rows.T) < lowest_product(join, means)
    assert not (under & (every_likeness(means, means) >= join)).any()


def test_the_mean_of_a_group_is_that_of_who_became_one_after_the_other() -> None:
    single = means_of(*heard(5, 1, 3))
    together = single.grouped([[0, 1, 2, 3, 4]])
    for k in range(1, 5):
        single.merge(0, k)
    assert together.rows[0] == pytest.approx(single.rows[0], abs=1e-5)
    assert together.squares[0] == pytest.approx(single.squares[0], abs=1e-4)
    assert together.variances[0] == pytest.approx(single.variances[0], rel=1e-4)


def test_only_the_best_of_each_are_remembered() -> None:
    means = means_of(*heard(40, 1, 4))
    edges = near(means, 0.0, most=3)
    assert np.bincount(edges.first, minlength=40).max() == 3
    best = edges.score[edges.first == 0].min()
    rest = np.setdiff1d(np.arange(1, 40), edges.second[edges.first == 0])
    assert likeness(means, np.zeros(len(rest), np.int64), rest).max() <= best
