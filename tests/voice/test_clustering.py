"""People of a recording: as a plain reference joins them, kept apart where they are many, in blocks as in one."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from support.talk import DIM, unit, voices

from voicemark.voice.clustering import in_order, people
from voicemark.voice.evidence import same_person, variance


def naive_people(means: np.ndarray, variances: np.ndarray, join: float) -> list[int]:
    """Every pair anew in each round, from the turns themselves."""
    groups = [[k] for k in range(len(means))]

    def state(group: list[int]) -> tuple[np.ndarray, float]:
        weight = 1 / variances[group]
        return (weight[:, None] * means[group]).sum(axis=0) / weight.sum(), 1 / weight.sum()

    while len(groups) > 1:
        best, pair = -np.inf, (0, 0)
        for i, one in enumerate(groups):
            for j, other in enumerate(groups[:i]):
                (x, v), (y, w) = state(one), state(other)
                score = float(same_person(x @ y, x @ x, v, y @ y, w, means.shape[1]))
                if score > best:
                    best, pair = score, (j, i)
        if best < join:
            break
        j, i = pair
        groups[j] += groups.pop(i)
    labels = np.zeros(len(means), np.int64)
    for number, group in enumerate(groups):
        labels[group] = number
    return [int(label) for label in in_order(labels)]


def turns(count: int, speakers: int, seed: int, noise: float = 1.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    whose = rng.integers(0, speakers, count)
    lengths = rng.integers(1, 40, count)
    spread = variance(lengths, 0.5, 2.0)
    means = voices(speakers, seed)[whose] * np.sqrt(0.5) + rng.standard_normal((count, DIM)) * (
        noise * np.sqrt(spread / DIM)[:, None]
    )
    return means.astype(np.float32), spread, whose


@settings(deadline=None, max_examples=25)
@given(count=st.integers(0, 14), speakers=st.integers(1, 5), seed=st.integers(0, 10_000), join=st.floats(-10, 20))
def test_joins_as_the_plain_reference_does(count: int, speakers: int, seed: int, join: float) -> None:
    means, spread, _ = turns(count, speakers, seed)
    assert people(means, spread, join).tolist() == naive_people(means.astype(np.float64), spread, join)


def test_people_who_come_back_are_found_again() -> None:
    means, spread, whose = turns(120, 6, 5)
    found = people(means, spread)
    assert found.tolist() == in_order(whose).tolist()


def test_blocks_find_the_people_that_the_whole_has() -> None:
    means, spread, whose = turns(300, 12, 6, noise=0.7)
    assert people(means, spread, at_once=40).tolist() == in_order(whose).tolist()
    assert people(means, spread).tolist() == in_order(whose).tolist()


def test_two_hundred_speakers_stay_two_hundred() -> None:
    means, spread, whose = turns(1000, 200, 7, noise=0.7)
    found = people(means, spread)
    for person in range(found.max() + 1):
        assert len(set(whose[found == person].tolist())) == 1
    assert found.max() + 1 <= 1.15 * len(set(whose.tolist()))


def test_more_people_than_are_compared_at_once_end_apart_and_do_end() -> None:
    means = unit(np.eye(DIM, dtype=np.float32))[:60]
    spread = variance(np.full(60, 40), 0.5, 2.0)
    assert people(means, spread, at_once=8, most=16).tolist() == list(range(60))


@given(st.lists(st.integers(0, 6), max_size=30))
def test_people_are_counted_as_they_come(owner: list[int]) -> None:
    found = in_order(np.array(owner, np.int64)).tolist()
    seen: dict[int, int] = {}
    assert found == [seen.setdefault(one, len(seen)) for one in owner]
