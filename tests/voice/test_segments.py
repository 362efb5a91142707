"""Scores to segments: borders, hysteresis, joining, specks."""

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from voicemark.config import MatchSection
from voicemark.voice.segments import WindowTimes, _Stretch, best_voice_only, find_segments, join, runs

PLAIN = MatchSection(threshold=0.5, hysteresis=0.1, join_gap_s=0, min_marker_s=0, smooth_s=0, exclusive=2)
SCORES = st.lists(st.sampled_from([-1.0, 0.1, 0.35, 0.42, 0.45, 0.5, 0.6, 0.9]), max_size=60)


def times(windows: int, extra_s: float = 0.3) -> WindowTimes:
    return WindowTimes(hop_s=0.5, window_s=2.0, duration_s=(windows - 1) * 0.5 + 2.0 + extra_s if windows else 1.0)


def found(rows: list[list[float]], wanted: MatchSection = PLAIN) -> list[tuple[int, float, float]]:
    scores = torch.tensor(rows)
    segments = find_segments(scores, [0.5] * len(rows), wanted, times(scores.shape[1]))
    return [(segment.voice, segment.start_s, segment.end_s) for segment in segments]


def naive_runs(scores: list[float], high: float, low: float) -> list[tuple[int, int]]:
    """One window after the other, remembering where a run began and whether it has been loud enough."""
    result, first, loud = [], None, False
    for k, score in enumerate([*scores, -9.0]):
        if score >= low:
            first = k if first is None else first
            loud = loud or score >= high
        else:
            if first is not None and loud:
                result.append((first, k - 1))
            first, loud = None, False
    return result


@given(scores=SCORES)
def test_runs_are_those_of_the_plain_loop(scores: list[float]) -> None:
    assert runs(np.array(scores, np.float32), 0.5, 0.4) == naive_runs(scores, 0.5, 0.4)


@given(
    rows=st.integers(1, 3).flatmap(
        lambda voices: st.integers(0, 50).flatmap(
            lambda n: st.lists(
                st.lists(st.floats(-1, 1, width=16), min_size=n, max_size=n), min_size=voices, max_size=voices
            )
        )
    ),
    gap=st.sampled_from([0.0, 1.0, 2.5]),
    shortest=st.sampled_from([0.0, 2.0]),
    exclusive=st.sampled_from([0.0, 0.2, 2.0]),
)
@settings(deadline=None)
def test_segments_are_in_order_disjoint_and_within_the_recording(
    rows: list[list[float]], gap: float, shortest: float, exclusive: float
) -> None:
    wanted = PLAIN.model_copy(update={"join_gap_s": gap, "min_marker_s": shortest, "exclusive": exclusive})
    scores = torch.tensor(rows).reshape(len(rows), -1)
    where = times(scores.shape[1])
    segments = find_segments(scores, [0.5] * len(rows), wanted, where)
    assert [s.start_s for s in segments] == sorted(s.start_s for s in segments)
    for voice in range(len(rows)):
        own = [segment for segment in segments if segment.voice == voice]
        assert all(0 <= s.start_s < s.end_s <= where.duration_s for s in own)
        assert all(s.end_s - s.start_s >= shortest for s in own)
        assert all(after.start_s - before.end_s >= gap for before, after in itertools.pairwise(own))
        assert all(s.score + 1e-6 >= 0.4 for s in own)


@given(
    lengths=st.lists(st.tuples(st.floats(0.1, 3), st.floats(0.1, 5)), max_size=12),
    gap=st.floats(0, 4),
)
def test_joining_again_changes_nothing(lengths: list[tuple[float, float]], gap: float) -> None:
    stretches, at = [], 0.0
    for length, pause in lengths:
        stretches.append(_Stretch(at, at + length, 1.0, 2))
        at += length + pause
    once = join(stretches, gap)
    assert join(once, gap) == once
    assert sum(stretch.windows for stretch in once) == 2 * len(stretches)


def test_a_voice_that_fills_windows_step_by_step_is_found_where_it_speaks() -> None:
    """Scores as a voice from 10 s to 20 s gives them: each window by the share of it that the voice fills."""
    shares = [max(0.0, min(k / 2 + 2, 20) - max(k / 2, 10)) / 2 for k in range(60)]
    [(_, start, end)] = found([[0.1 + 0.7 * share for share in shares]])
    assert (start, end) == pytest.approx((10, 20), abs=0.3)


def test_hysteresis_carries_a_marker_over_a_dip_but_starts_none() -> None:
    assert len(found([[0, 0, 0.6, 0.42, 0.6, 0, 0]])) == 1
    assert len(found([[0, 0, 0.6, 0.35, 0.6, 0, 0]])) == 2
    assert found([[0, 0, 0.42, 0.45, 0.42, 0, 0]]) == []


def test_close_markers_are_joined_and_specks_dropped() -> None:
    row = [0.0] * 10 + [0.9] * 8 + [0.0] * 3 + [0.9] * 8 + [0.0] * 20 + [0.6] + [0.0] * 10
    assert len(found([row])) == 3
    assert len(found([row], PLAIN.model_copy(update={"join_gap_s": 2.0, "min_marker_s": 2.0}))) == 1


def test_a_voice_at_the_ends_of_a_recording_reaches_them() -> None:
    [(_, start, end)] = found([[0.9] * 20])
    assert (start, end) == (0, times(20).duration_s)


def test_score_is_the_mean_of_the_windows() -> None:
    scores = torch.tensor([[0.0, 0.5, 0.7, 0.6, 0.0, 0.0]])
    [segment] = find_segments(scores, [0.5], PLAIN, times(6))
    assert segment.score == pytest.approx(0.6)


def test_of_similar_voices_only_the_best_is_heard_and_those_close_to_it() -> None:
    rows = np.array([[0.9, 0.9, 0.9, 0.45], [0.6, 0.85, 0.2, 0.7]], np.float32)
    kept = best_voice_only(rows, [0.5, 0.5], PLAIN.model_copy(update={"exclusive": 0.1}))
    assert (kept[0] == np.float32([0.9, 0.9, 0.9, -1.0])).all()
    assert (kept[1] == np.float32([-1.0, 0.85, 0.2, 0.7])).all()


def test_voices_that_speak_at_once_are_both_marked_unless_told_otherwise() -> None:
    rows = [[0.0] * 5 + [0.9] * 10 + [0.0] * 5, [0.0] * 5 + [0.7] * 10 + [0.0] * 5]
    assert {voice for voice, *_ in found(rows)} == {0, 1}
    assert {voice for voice, *_ in found(rows, PLAIN.model_copy(update={"exclusive": 0.1}))} == {0}
