"""A recording is cut where its embeddings change: the best cut there is, and it survives being kept."""

from itertools import combinations, pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from voicemark.errors import DatabaseError
from voicemark.voice import turns as turns_module
from voicemark.voice.quantisation import quantise, restore
from voicemark.voice.turns import LONGEST_S, Turns, pack, partition, segment_turns, typical_distance, unpack

DIM = 16
HOP_S, WINDOW_S = 0.5, 2.0


def directions(count: int, seed: int) -> NDArray[np.float32]:
    rows = np.random.default_rng(seed).standard_normal((count, DIM)).astype(np.float32)
    unit: NDArray[np.float32] = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit


def people_in_turn(*lengths: int, spread: float = 0.15, seed: int = 0) -> NDArray[np.float32]:
    """Windows of people who speak in turn for so many windows each; a negative length is silence."""
    rng = np.random.default_rng(seed)
    people = directions(len(lengths), seed + 1)
    parts = [
        person + spread * rng.standard_normal((length, DIM)) if length > 0 else np.zeros((-length, DIM))
        for person, length in zip(people, lengths, strict=True)
    ]
    rows = np.concatenate(parts).astype(np.float32)
    return restore(quantise(rows))


def cut_of(rows: NDArray[np.float32]) -> Turns:
    return segment_turns(quantise(rows), HOP_S, WINDOW_S)


def cost(units: NDArray[np.float32], edges: list[int], penalty: float) -> float:
    parts = [units[first:after].astype(np.float64).sum(axis=0) for first, after in pairwise(edges)]
    return len(units) - sum(float(np.linalg.norm(part)) for part in parts) + penalty * len(parts)


@given(count=st.integers(1, 9), penalty=st.floats(0.05, 3), longest=st.integers(1, 10), seed=st.integers(0, 999))
@settings(max_examples=60, deadline=None)
def test_no_cut_of_all_costs_less(count: int, penalty: float, longest: int, seed: int) -> None:
    units = directions(count, seed)
    lengths = partition(units, penalty, longest)
    assert sum(lengths) == count and max(lengths) <= longest and min(lengths) >= 1
    every = [
        [0, *inner, count]
        for size in range(count)
        for inner in combinations(range(1, count), size)
        if max(after - first for first, after in pairwise([0, *inner, count])) <= longest
    ]
    best = min(cost(units, edges, penalty) for edges in every)
    assert cost(units, [0, *np.cumsum(lengths).tolist()], penalty) == pytest.approx(best, abs=1e-4)


def test_people_who_speak_in_turn_are_cut_apart() -> None:
    found = cut_of(people_in_turn(12, 20, 9, 31))
    assert found.lengths.tolist() == [12, 20, 9, 31]
    assert found.edges.tolist() == [0, 12, 32, 41, 72]
    assert not found.silent.any()


def test_silence_is_a_stretch_of_its_own() -> None:
    found = cut_of(people_in_turn(-3, 10, -1, 14, -2))
    assert found.lengths.tolist() == [3, 10, 1, 14, 2]
    assert found.silent.tolist() == [True, False, True, False, True]
    assert not found.directions[0].any()


def test_a_stretch_is_the_middle_of_its_windows() -> None:
    rows = people_in_turn(12, 20)
    found = cut_of(rows)
    middle = torch.nn.functional.normalize(torch.from_numpy(rows[:12]).sum(dim=0), dim=0)
    assert float(found.directions[0] @ middle) > 0.999
    torch.testing.assert_close(found.directions.norm(dim=1), torch.ones(2))


def test_no_stretch_is_longer_than_the_longest() -> None:
    found = cut_of(people_in_turn(300))
    assert found.lengths.sum() == 300
    assert found.lengths.max() * HOP_S <= LONGEST_S


@pytest.mark.parametrize("spread", [0.02, 0.1, 0.2])
def test_the_penalty_goes_with_how_much_windows_differ_by_themselves(spread: float) -> None:
    """One penalty for encoders whose windows of one voice lie close together, and for others."""
    assert cut_of(people_in_turn(25, 25, 25, spread=spread)).lengths.tolist() == [25, 25, 25]


def test_the_typical_distance_is_the_lower_quartile_of_windows_that_are_both_heard() -> None:
    units = np.eye(4, dtype=np.float32)[[0, 0, 1, 1, 1, 2]]
    heard = np.array([True, True, True, True, True, False])
    assert typical_distance(units, heard, 2) == pytest.approx(np.quantile([1, 1, 0], 0.25))
    assert typical_distance(units, np.zeros(6, bool), 2) == turns_module.USUAL_DISTANCE
    assert typical_distance(units[:1], heard[:1], 2) == turns_module.USUAL_DISTANCE
    assert typical_distance(units[[0, 0, 0]], heard[:3], 1) == turns_module.LEAST_DISTANCE


def test_nothing_recorded_is_no_stretch() -> None:
    found = segment_turns(np.zeros((0, DIM), np.int8), HOP_S, WINDOW_S)
    assert len(found) == 0 and found.edges.tolist() == [0] and found.directions.shape == (0, DIM)
    assert segment_turns(np.zeros((5, DIM), np.int8), HOP_S, WINDOW_S).lengths.tolist() == [5]


@given(lengths=st.lists(st.integers(-9, 40).filter(bool), max_size=6))
@settings(max_examples=25, deadline=None)
def test_what_is_kept_is_what_was_cut(lengths: list[int]) -> None:
    before = cut_of(people_in_turn(*lengths) if lengths else np.zeros((0, DIM), np.float32))
    data = pack(before)
    assert len(data) == 4 + len(before) * (4 + DIM)
    after = unpack(data, DIM)
    assert after is not None
    assert after.lengths.tolist() == before.lengths.tolist()
    assert np.array_equal(after.data, before.data)


def test_what_other_rules_have_cut_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    data = pack(cut_of(people_in_turn(9, 9)))
    monkeypatch.setattr(turns_module, "RULES", turns_module.RULES + 1)
    assert unpack(data, DIM) is None


@pytest.mark.parametrize("data", [b"", b"123", b"\x01\0\0\0" + bytes(DIM + 3)])
def test_damaged_data_is_an_error(data: bytes) -> None:
    with pytest.raises(DatabaseError, match="damaged"):
        unpack(data, DIM)
