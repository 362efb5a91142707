"""Time is what a player shows: holes are filled, overlaps dropped, splices closed up."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicemark.audio.timeline import (
    JITTER,
    MAX_OVERLAP_S,
    SAMPLE_RATE,
    WRAP,
    Gap,
    Piece,
    Plausible,
    Timeline,
    clock,
)

FRAME = 384  # samples of an MP2 frame at 16 kHz


def frames(count: int, pts: int, value: float = 1.0) -> list[Piece]:
    return [Piece(pts + k * FRAME, np.full(FRAME, value, np.float32)) for k in range(count)]


def laid(timeline: Timeline, pieces: list[Piece]) -> np.ndarray:
    sound = [part for piece in pieces for part in timeline.lay(piece)] + list(timeline.finish())
    parts = [part.samples() if isinstance(part, Gap) else part for part in sound]
    return np.concatenate(parts) if parts else np.zeros(0, np.float32)


def seconds(samples: float) -> int:
    return round(samples * SAMPLE_RATE)


def test_a_clean_stream_is_its_pieces_one_after_another():
    timeline = Timeline(1000, Plausible(600))
    assert len(laid(timeline, frames(50, 1000))) == 50 * FRAME
    assert timeline.breaks == []


def test_audio_that_starts_late_is_preceded_by_silence():
    timeline = Timeline(0, Plausible(600))
    audio = laid(timeline, frames(10, seconds(0.8)))
    assert not audio[: seconds(0.8)].any()
    assert audio[seconds(0.8) :].all()


@pytest.mark.parametrize("hole_s", [0.5, 10, 60, 599])
def test_a_hole_is_filled_with_silence_and_noted(hole_s):
    timeline = Timeline(0, Plausible(600))
    audio = laid(timeline, frames(100, 0) + frames(100, 100 * FRAME + seconds(hole_s), 2.0))
    assert len(audio) == 200 * FRAME + seconds(hole_s)
    assert np.flatnonzero(audio == 2.0)[0] == 100 * FRAME + seconds(hole_s)
    assert [(found.kind, found.length_s) for found in timeline.breaks] == [("hole", hole_s)]


def test_a_jump_too_long_for_a_hole_is_closed_up():
    timeline = Timeline(0, Plausible(600))
    audio = laid(timeline, frames(100, 0) + frames(100, 100 * FRAME + seconds(1000)))
    assert len(audio) == 200 * FRAME
    assert [found.kind for found in timeline.breaks] == ["splice"]


def test_a_hole_that_the_recording_cannot_hold_is_a_splice():
    known = Timeline(0, Plausible(7200, 60))
    assert len(laid(known, frames(100, 0) + frames(100, seconds(3600)))) == 200 * FRAME


def test_a_small_overlap_is_dropped_so_that_time_stays_true():
    timeline = Timeline(0, Plausible(600))
    early = [Piece(100 * FRAME, np.full(FRAME, 9.0, np.float32)) for _ in range(20)]  # the clock stands still
    pieces = frames(101, 0) + early + frames(50, 101 * FRAME, 2.0)
    audio = laid(timeline, pieces)
    assert abs(len(audio) - 151 * FRAME) <= JITTER
    assert abs(np.flatnonzero(audio == 2.0)[0] - 101 * FRAME) <= JITTER
    assert [found.kind for found in timeline.breaks] == ["overlap"]


@pytest.mark.parametrize("back_s", [3, 20, 500])
def test_a_long_jump_back_loses_no_audio(back_s):
    timeline = Timeline(0, Plausible(600))
    still = seconds(back_s) // FRAME
    clamped = [Piece(99 * FRAME, np.full(FRAME, 5.0, np.float32)) for _ in range(still)]
    audio = laid(timeline, frames(100, 0) + clamped + frames(100, 100 * FRAME, 2.0))
    assert len(audio) == (200 + still) * FRAME
    assert [found.kind for found in timeline.breaks] == ["splice"]
    assert timeline.breaks[0].length_s == pytest.approx(-back_s, abs=0.2)


def test_what_is_held_at_the_end_is_not_lost():
    timeline = Timeline(0, Plausible(600))
    early = [Piece(0, np.full(FRAME, 9.0, np.float32)) for _ in range(10)]
    assert len(laid(timeline, frames(50, 0) + early)) == 60 * FRAME


@given(
    gaps=st.lists(st.integers(0, 20 * SAMPLE_RATE), max_size=8),
    counts=st.lists(st.integers(1, 60), min_size=9, max_size=9),
    origin=st.integers(-(2**40), 2**40),
)
def test_every_sample_lands_where_its_time_stamp_says_while_there_are_only_holes(gaps, counts, origin):
    timeline = Timeline(origin, Plausible(600))
    pieces, pts = [], origin
    for number, count in enumerate(counts[: len(gaps) + 1]):
        pieces += frames(count, pts, float(number + 1))
        pts += count * FRAME + (gaps[number] if number < len(gaps) else 0)
    audio = laid(timeline, pieces)
    for number in range(len(gaps) + 1):
        first = next(piece.pts for piece in pieces if piece.samples[0] == number + 1) - origin
        assert abs(int(np.flatnonzero(audio == number + 1)[0]) - first) <= JITTER * (number + 1)


@given(st.lists(st.tuples(st.integers(-(2**34), 2**34), st.integers(1, 4000)), max_size=40))
def test_any_time_stamps_give_a_result_of_bounded_length(stamps):
    timeline = Timeline(0, Plausible(30))
    pieces = [Piece(pts, np.ones(length, np.float32)) for pts, length in stamps]
    audio = laid(timeline, pieces)
    spoken = sum(length for _, length in stamps)
    assert len(audio) == timeline.written
    assert len(audio) <= 2 * spoken + 30 * SAMPLE_RATE
    overlaps = sum(-found.length_s for found in timeline.breaks if found.kind == "overlap")
    assert np.count_nonzero(audio) >= spoken - overlaps * SAMPLE_RATE - len(stamps)
    assert overlaps <= len(stamps) * (MAX_OVERLAP_S + 1)


def test_a_long_hole_takes_no_memory():
    timeline = Timeline(0, Plausible(36_000))
    sound = [part for piece in [*frames(1, 0), *frames(1, seconds(30_000))] for part in timeline.lay(piece)]
    assert [len(part) for part in sound] == [FRAME, seconds(30_000) - FRAME, FRAME]
    assert sound[1] == Gap(seconds(30_000) - FRAME)


def test_holes_together_are_no_longer_than_what_was_heard_and_one_long_one():
    timeline = Timeline(0, Plausible(600))
    pieces = [Piece(seconds(600 * number), np.ones(seconds(1), np.float32)) for number in range(100)]
    audio = laid(timeline, pieces)
    assert 100 < len(audio) / SAMPLE_RATE <= 100 + 600 + 100
    assert {found.kind for found in timeline.breaks} == {"hole", "splice"}
    assert "implausible" in str(timeline.breaks[-1])


def test_of_recorder_and_dates_the_longer_one_bounds_the_holes():
    def length(expected_s: float | None, dated_s: float | None) -> float:
        timeline = Timeline(0, Plausible(7200, expected_s, dated_s))
        laid(timeline, [*frames(1, 0), *frames(1, seconds(6000))])
        return timeline.duration_s

    assert length(None, None) > 6000
    assert length(5400, 60) > 6000 and length(60, 5400) > 6000
    assert length(60, 60) < 1 and length(60, None) < 1 and length(None, 60) < 1


def test_a_stream_that_follows_another_repeats_nothing_of_it():
    timeline = Timeline(0, Plausible(600))
    laid(timeline, frames(100, 0))
    follows = timeline.continued(Piece(95 * FRAME, np.arange(20 * FRAME, dtype=np.float32)))
    assert (follows.pts, len(follows.samples), follows.samples[0]) == (100 * FRAME, 15 * FRAME, 5 * FRAME)
    jumps = Piece(-(10**9), np.ones(5, np.float32))
    assert timeline.continued(jumps) is jumps


@pytest.mark.parametrize("wraps", [-2, -1, 1, 3])
def test_a_decoder_that_does_not_know_of_the_wrap_goes_on_where_the_last_ended(wraps):
    timeline = Timeline(5000, Plausible(600), wrap=WRAP)
    audio = laid(timeline, frames(50, 5000) + frames(50, 5000 + 50 * FRAME + wraps * WRAP))
    assert len(audio) == 100 * FRAME and timeline.breaks == []


def test_another_file_begins_where_the_last_ended():
    timeline = Timeline(0, Plausible(600))
    first = laid(timeline, frames(50, 0))
    timeline.begin_file(77)
    assert len(first) + len(laid(timeline, frames(50, 77))) == timeline.written == 100 * FRAME
    assert timeline.breaks == []


def test_places_are_told_as_a_clock_shows_them():
    assert [clock(value) for value in (0, 59.96, 61.25, 3600, 7325.5)] == [
        "0:00.0",
        "1:00.0",
        "1:01.2",
        "1:00:00.0",
        "2:02:05.5",
    ]
