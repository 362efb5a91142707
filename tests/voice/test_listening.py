"""A second opinion hears the middles of a person's longest turns, and nobody else's."""

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from support.talk import DIM

from voicemark.voice.diarization import Diarization
from voicemark.voice.listening import where_to_listen


def of(turns: list[tuple[int, float]]) -> tuple[Diarization, list[float]]:
    """A diarization of (person, seconds), and its borders."""
    speakers = np.array([person for person, _ in turns], np.int64)
    lengths = np.array([max(1, round(2 * seconds)) for _, seconds in turns], np.int64)
    rows = np.ones((len(turns), DIM), np.int8)
    people = np.ones((int(speakers.max(initial=-1)) + 1, DIM), np.int8)
    moments = [0.0, *np.cumsum([seconds for _, seconds in turns]).tolist()]
    return Diarization(lengths, speakers, rows, people, 0.5, 2.0), moments


def test_every_turn_is_heard_before_one_is_heard_twice() -> None:
    found, moments = of([(0, 12.0), (1, 9.0), (0, 5.0), (0, 1.5)])
    spans = where_to_listen(found, moments, 0, at_most=2)
    assert len(spans) == 2
    assert spans[0][1] <= 12
    assert spans[1][0] >= 21


def test_who_speaks_only_briefly_is_heard_whole() -> None:
    found, moments = of([(0, 1.0), (1, 8.0), (0, 1.5)])
    assert where_to_listen(found, moments, 0) == [(9.0, 10.5)]


@given(
    st.lists(st.tuples(st.integers(0, 2), st.floats(0.5, 40)), min_size=1, max_size=12),
    st.integers(1, 8),
    st.floats(0.5, 4),
)
def test_spans_lie_in_the_persons_turns_and_do_not_overlap(
    turns: list[tuple[int, float]], at_most: int, span_s: float
) -> None:
    found, moments = of(turns)
    for person in {person for person, _ in turns}:
        spans = where_to_listen(found, moments, person, at_most=at_most, span_s=span_s)
        assert 1 <= len(spans) <= at_most
        for start, end in spans:
            assert any(
                who == person and left - 1e-6 <= start and end <= right + 1e-6
                for (who, _), (left, right) in zip(turns, pairwise(moments), strict=True)
            )
        assert all(before[1] <= after[0] + 1e-6 for before, after in pairwise(spans))
