"""Windows go to the people found: along the best path, silence untouched, in blocks."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.talk import SILENCE, voices, windows

from voicemark.voice import resegmentation
from voicemark.voice.quantisation import restore
from voicemark.voice.resegmentation import NOBODY, best_path, blocks, directions, resegment


@given(steps=st.integers(1, 6), choices=st.integers(1, 3), seed=st.integers(0, 10_000), switch=st.floats(0, 3))
def test_no_other_path_gains_more(steps: int, choices: int, seed: int, switch: float) -> None:
    gains = np.random.default_rng(seed).standard_normal((steps, choices)).astype(np.float32)

    def worth(path: tuple[int, ...]) -> float:
        changes = sum(a != b for a, b in itertools.pairwise(path))
        return float(sum(gains[k, one] for k, one in enumerate(path))) - switch * changes

    best = max(worth(path) for path in itertools.product(range(choices), repeat=steps))
    assert worth(tuple(best_path(gains, switch).tolist())) == pytest.approx(best, abs=1e-5)


def test_a_border_moves_to_where_the_voice_changes() -> None:
    rows = restore(windows([(0, 30), (1, 30), (0, 30)], voices(2), noise=0.5))
    astray = np.repeat([0, 1, 0], [36, 20, 34])
    found = resegment(rows, astray, 0.5)
    borders = np.flatnonzero(np.diff(found)) + 1
    assert len(borders) == 2
    assert abs(borders - np.array([30, 60])).max() <= 2


def test_silence_stays_nobody() -> None:
    labels = np.repeat([0, NOBODY, 1], [20, 6, 20])
    rows = restore(windows([(0, 20), (SILENCE, 6), (1, 20)], voices(2)))
    assert resegment(rows, labels, 0.5).tolist() == labels.tolist()
    nobody = np.full(46, NOBODY)
    assert resegment(rows, nobody, 0.5).tolist() == nobody.tolist()


@given(st.lists(st.tuples(st.integers(-1, 3), st.integers(1, 9)), max_size=20), st.integers(1, 30))
def test_blocks_hold_every_heard_window_once_and_end_at_borders(turns: list[tuple[int, int]], most: int) -> None:
    labels = np.repeat([who for who, _ in turns] or [0], [length for _, length in turns] or [0])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(resegmentation, "AT_ONCE", most)
        parts = blocks(labels)
    covered = [k for start, end in parts for k in range(start, end)]
    assert covered == np.flatnonzero(labels != NOBODY).tolist()
    for start, end in parts:
        assert start == 0 or labels[start - 1] != labels[start]
        assert end - start <= most or len(set(labels[start:end].tolist())) == 1


def test_what_is_untypical_of_a_person_counts_less() -> None:
    one, other = voices(2)
    rows = np.stack([one, one, one, other])
    plain = rows.mean(axis=0) / np.linalg.norm(rows.mean(axis=0))
    weighted = directions(rows, np.zeros(4, np.int64), 2)
    assert weighted[0] @ one > plain @ one
    assert not weighted[1].any()
