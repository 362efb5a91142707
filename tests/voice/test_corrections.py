"""What answers teach: which windows are remembered, what speaks against a voice, when a threshold moves."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from voicemark.voice.corrections import (
    FARTHEST,
    FEWEST,
    against,
    diverse,
    own_offset,
    spread,
    typical,
    windows_within,
)

HOP_S, WINDOW_S = 0.5, 2.0


def directions(count: int, seed: int, around: NDArray[np.float32] | None = None, dim: int = 16) -> NDArray[np.float32]:
    rng = np.random.default_rng(seed)
    rows = rng.standard_normal((count, dim)) * (1.0 if around is None else 0.15)
    rows = rows if around is None else rows + around
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


@given(st.floats(0, 40), st.floats(0.01, 20), st.integers(1, 80))
def test_windows_of_a_span_lie_within_it_or_nearest_to_its_middle(start_s: float, length_s: float, count: int) -> None:
    end_s = start_s + length_s
    first, last = windows_within(start_s, end_s, HOP_S, WINDOW_S, count)
    assert 0 <= first < last <= count
    inside = [k for k in range(count) if k * HOP_S >= start_s - 1e-6 and k * HOP_S + WINDOW_S <= end_s + 1e-6]
    if inside:
        assert list(range(first, last)) == inside
    else:
        middle = (start_s + end_s) / 2
        apart = [abs(k * HOP_S + WINDOW_S / 2 - middle) for k in range(count)]
        assert last == first + 1 and apart[first] <= min(apart) + 1e-6


@given(st.integers(0, 50), st.integers(1, 10))
def test_windows_are_spread_over_a_span(count: int, at_most: int) -> None:
    chosen = spread(count, at_most)
    assert len(chosen) == min(count, at_most) and chosen == sorted(set(chosen))
    assert all(0 <= place < count for place in chosen)


def test_a_group_is_remembered_by_its_typical_spans_of_all_recordings_without_strangers() -> None:
    rows = np.concatenate((directions(12, 1, directions(1, 0)[0]), directions(1, 77)))
    sources = [f"evening {k % 4}" for k in range(12)] + ["evening 5"]
    chosen = typical(rows, sources, 6)
    assert 12 not in chosen
    assert {sources[k] for k in chosen[:4]} == {f"evening {k}" for k in range(4)}


def test_corrections_are_remembered_by_those_that_differ_few_of_a_recording() -> None:
    hers = directions(1, 0)[0]
    alike, rare = directions(20, 1, hers), directions(1, 3, np.asarray(hers + 0.8 * directions(1, 9)[0], np.float32))
    rows = np.concatenate((alike, rare))
    chosen = diverse(rows, ["one evening"] * 20 + ["another"], 8, 3)
    assert len(chosen) == 4 and 20 in chosen[:2]


@given(st.integers(0, 2**31), st.integers(1, 12), st.integers(1, 6))
def test_what_is_chosen_is_chosen_once_and_within_bounds(seed: int, count: int, at_most: int) -> None:
    rows, sources = directions(count, seed), [str(k % 3) for k in range(count)]
    for chosen in (diverse(rows, sources, at_most, 2), typical(rows, sources, at_most)):
        assert len(set(chosen)) == len(chosen) <= at_most
    several = [sources[k] for k in diverse(rows, sources, at_most, 2)]
    assert all(several.count(source) <= 2 for source in several)


@given(st.integers(0, 2**31), st.integers(1, 4), st.integers(0, 5))
def test_a_no_lowers_only_its_voice_and_only_where_it_is_nearer_than_the_memory(
    seed: int, voices: int, noes: int
) -> None:
    rng = np.random.default_rng(seed)
    cosines = rng.uniform(-1, 1, (voices, 7)).astype(np.float32)
    denied, whose = rng.uniform(-1, 1, (noes, 7)).astype(np.float32), rng.integers(0, voices, noes)
    lowered = against(cosines, denied, whose)
    for voice in range(voices):
        for n in range(7):
            nearest = max((denied[k, n] for k in range(noes) if whose[k] == voice), default=-np.inf)
            assert (lowered[voice, n] > 0) == (nearest > cosines[voice, n])


def test_a_threshold_moves_after_enough_answers_towards_where_they_part() -> None:
    yes, no = np.full(FEWEST, 0.60, np.float32), np.full(FEWEST, 0.50, np.float32)
    moved = own_offset(yes, no, 0.65)
    assert -0.1 <= moved < -0.03
    assert own_offset(np.tile(yes, 9), np.tile(no, 9), 0.65) <= moved
    assert own_offset(yes[1:], no, 0.65) == own_offset(yes, no[1:], 0.65) == 0.0
    assert own_offset(np.full(FEWEST, 0.9, np.float32), np.full(FEWEST, 0.4, np.float32), 0.65) == 0.0


@given(
    st.lists(st.floats(-1, 1), min_size=FEWEST, max_size=30), st.lists(st.floats(-1, 1), min_size=FEWEST, max_size=30)
)
def test_a_threshold_never_moves_far(yes: list[float], no: list[float]) -> None:
    assert abs(own_offset(np.array(yes, np.float32), np.array(no, np.float32), 0.62)) <= FARTHEST
