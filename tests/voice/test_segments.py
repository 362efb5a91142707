"""Scores of turns to markers: who is heard, borders, joining, specks."""

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from voicemark.config import MatchSection
from voicemark.voice.diarization import Diarization
from voicemark.voice.match import SILENT
from voicemark.voice.resegmentation import NOBODY
from voicemark.voice.segments import _Part, borders, find_segments, join, voices_heard

PLAIN = MatchSection(threshold=0.5, join_gap_s=0, min_marker_s=0, exclusive=2)


def turns(*lengths: int) -> Diarization:
    """So many windows each, every turn another person's; a negative length is silence."""
    heard = np.array([length > 0 for length in lengths], np.bool_)
    speakers = np.where(heard, np.cumsum(heard) - 1, NOBODY).astype(np.int64)
    data = np.array([[0, 0] if length < 0 else [1, 0] for length in lengths], np.int8).reshape(-1, 2)
    people = np.ones((int(heard.sum()), 2), np.int8)
    return Diarization(np.abs(np.array(lengths, np.int64)), speakers, data, people, hop_s=0.5, window_s=2.0)


def duration_of(windows: int, extra_s: float = 0.3) -> float:
    return (windows - 1) * 0.5 + 2.0 + extra_s if windows else 1.0


def found(lengths: list[int], rows: list[list[float]], wanted: MatchSection = PLAIN) -> list[tuple[int, float, float]]:
    parts = turns(*lengths)
    segments = find_segments(
        torch.tensor(rows), [0.5] * len(rows), wanted, parts, duration_of(int(parts.lengths.sum()))
    )
    return [(segment.voice, segment.start_s, segment.end_s) for segment in segments]


@given(
    lengths=st.lists(st.integers(-9, 30).filter(bool), max_size=12),
    voices=st.integers(1, 3),
    gap=st.sampled_from([0.0, 1.0, 2.5]),
    shortest=st.sampled_from([0.0, 2.0]),
    exclusive=st.sampled_from([0.0, 0.2, 2.0]),
    seed=st.integers(0, 999),
)
@settings(deadline=None)
def test_segments_are_in_order_disjoint_and_within_the_recording(
    lengths: list[int], voices: int, gap: float, shortest: float, exclusive: float, seed: int
) -> None:
    wanted = PLAIN.model_copy(update={"join_gap_s": gap, "min_marker_s": shortest, "exclusive": exclusive})
    parts = turns(*lengths)
    scores = torch.rand(voices, len(parts), generator=torch.Generator().manual_seed(seed))
    scores[:, torch.from_numpy(parts.silent)] = SILENT
    duration_s = duration_of(int(parts.lengths.sum()))
    segments = find_segments(scores, [0.5] * voices, wanted, parts, duration_s)
    assert [s.start_s for s in segments] == sorted(s.start_s for s in segments)
    for voice in range(voices):
        own = [segment for segment in segments if segment.voice == voice]
        assert all(0 <= s.start_s < s.end_s <= duration_s for s in own)
        assert all(s.end_s - s.start_s >= shortest for s in own)
        assert all(after.start_s - before.end_s >= gap for before, after in itertools.pairwise(own))
        assert all(s.score >= 0.5 - 1e-6 for s in own)


@given(lengths=st.lists(st.tuples(st.floats(0.1, 3), st.floats(0.1, 5)), max_size=12), gap=st.floats(0, 4))
def test_joining_again_changes_nothing(lengths: list[tuple[float, float]], gap: float) -> None:
    parts: list[_Part] = []
    at = 0.0
    for length, pause in lengths:
        parts.append(_Part(at, at + length, 1.0, 2, (len(parts),)))
        at += length + pause
    once = join(parts, gap)
    assert join(once, gap) == once
    assert sum(part.windows for part in once) == 2 * len(parts)
    assert [turn for part in once for turn in part.turns] == list(range(len(parts)))


def test_voices_change_halfway_between_the_centres_of_windows() -> None:
    """Windows 0 to 9 and 10 to 29: the centres of 9 and 10 are at 5.5 s and 6 s."""
    assert found([10, 20], [[0.9, 0.1]]) == [(0, 0.0, 5.75)]
    assert found([10, 20], [[0.1, 0.9]]) == [(0, 5.75, 16.8)]


def test_beside_silence_a_voice_is_where_the_windows_hear_it() -> None:
    """Silence up to 6 s: window 9, from 4.5 s on, is the first that is not all silent. Again from 12 s on."""
    heard = [bool(k * 0.5 + 2 > 6 and k * 0.5 < 12) for k in range(40)]
    first, count = heard.index(True), sum(heard)
    [(_, start, end)] = found([-first, count, -(40 - first - count)], [[SILENT, 0.9, SILENT]])
    assert (start, end) == pytest.approx((6, 12), abs=0.3)


@given(lengths=st.lists(st.integers(-9, 9).filter(bool), max_size=12), extra=st.floats(-2, 3))
def test_borders_ascend_from_the_recordings_start_to_its_end(lengths: list[int], extra: float) -> None:
    parts = turns(*lengths)
    duration_s = duration_of(int(parts.lengths.sum()), extra)
    moments = borders(parts, duration_s)
    assert len(moments) == max(2, len(parts) + 1)
    assert moments == sorted(moments) and moments[0] == 0.0
    assert moments[-1] == pytest.approx(max(0.0, duration_s))


def test_turns_of_one_voice_that_touch_are_one_marker_with_the_mean_score_of_its_windows() -> None:
    parts = turns(10, 30)
    [segment] = find_segments(torch.tensor([[0.9, 0.5]]), [0.5], PLAIN, parts, duration_of(40))
    assert (segment.start_s, segment.end_s) == (0.0, duration_of(40))
    assert segment.score == pytest.approx((10 * 0.9 + 30 * 0.5) / 40)


def test_a_short_interruption_is_bridged_and_a_long_one_is_not() -> None:
    wanted = PLAIN.model_copy(update={"join_gap_s": 2.0})
    rows = [[0.9, 0.1, 0.9]]
    assert len(found([10, 3, 10], rows, wanted)) == 1
    assert len(found([10, 5, 10], rows, wanted)) == 2


def test_what_is_shorter_than_the_shortest_marker_is_dropped() -> None:
    wanted = PLAIN.model_copy(update={"min_marker_s": 2.0})
    assert found([10, 3, 10], [[0.1, 0.9, 0.1]], wanted) == []
    assert len(found([10, 5, 10], [[0.1, 0.9, 0.1]], wanted)) == 1


def test_of_voices_that_are_alike_only_the_best_is_heard() -> None:
    rows = np.array([[0.9, 0.65, 0.4], [0.7, 0.6, 0.45]], np.float32)
    assert voices_heard(rows, [0.5, 0.5], 0.1).tolist() == [[True, True, False], [False, True, False]]
    assert voices_heard(rows, [0.5, 0.5], 2.0).tolist() == [[True, True, False], [True, True, False]]


def test_the_height_above_a_voices_own_threshold_counts() -> None:
    rows = np.array([[0.7], [0.75]], np.float32)
    assert voices_heard(rows, [0.4, 0.7], 0.1).tolist() == [[True], [False]]


def test_nobody_enrolled_and_nothing_heard_are_no_segments() -> None:
    assert find_segments(torch.zeros(0, 2), [], PLAIN, turns(3, 4), duration_of(7)) == []
    assert find_segments(torch.zeros(2, 0), [0.5, 0.5], PLAIN, turns(), duration_of(0)) == []
