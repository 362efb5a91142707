"""When a recording counts as finished, told on a clock that stands still until it is moved."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from voicemark.recording import RecordingState
from voicemarkd.settle import ARCHIVE_S, FINISHED_S, Settling, Signature

PATH = Path("/video/a.ts")
UNKNOWN, RECORDING, FINISHED = RecordingState.UNKNOWN, RecordingState.RECORDING, RecordingState.FINISHED
WALL = 1_800_000_000.0


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def of_size(size: int, age_s: float = 0.0) -> Signature:
    return (("/video/a.ts", size, int((WALL - age_s) * 1e9)),)


def settling(settle_s: float = 120.0) -> tuple[Settling, Clock]:
    clock = Clock()
    return Settling(settle_s, monotonic=clock, wall=lambda: WALL), clock


def test_without_a_sign_of_the_recorder_quiet_time_tells() -> None:
    rules, clock = settling(120)
    assert not rules.at_rest(PATH, UNKNOWN, of_size(10))
    clock.now += 119
    assert not rules.at_rest(PATH, UNKNOWN, of_size(10))
    assert rules.next_look_s() == 1
    clock.now += 1
    assert rules.at_rest(PATH, UNKNOWN, of_size(10))
    assert not rules.open


def test_growing_begins_the_quiet_time_anew() -> None:
    rules, clock = settling(120)
    for size in range(20):
        assert not rules.at_rest(PATH, UNKNOWN, of_size(size))
        clock.now += 100
    assert not rules.at_rest(PATH, UNKNOWN, of_size(20))


def test_while_the_recorder_records_no_quiet_time_counts() -> None:
    rules, clock = settling(120)
    assert not rules.at_rest(PATH, RECORDING, of_size(10))
    assert rules.recording == (PATH,)
    clock.now += 10_000  # Rain fade: no data for hours.
    assert not rules.at_rest(PATH, RECORDING, of_size(10))
    assert rules.next_look_s() is None
    assert not rules.at_rest(PATH, UNKNOWN, of_size(10))
    assert not rules.recording


def test_a_finished_recording_needs_only_a_moment() -> None:
    rules, clock = settling(120)
    assert not rules.at_rest(PATH, RECORDING, of_size(10))
    assert not rules.at_rest(PATH, FINISHED, of_size(12))
    clock.now += FINISHED_S
    assert rules.at_rest(PATH, FINISHED, of_size(12))


def test_a_recording_of_last_week_is_at_rest_at_first_sight() -> None:
    rules, _ = settling(120)
    assert rules.at_rest(PATH, UNKNOWN, of_size(10, age_s=7 * 86_400))


def test_a_time_in_the_future_or_of_the_last_hour_proves_nothing() -> None:
    for age_s in (-86_400.0, 0.0, 121.0, ARCHIVE_S):
        rules, _ = settling(120)
        assert not rules.at_rest(PATH, UNKNOWN, of_size(10, age_s=age_s))


def test_after_rest_a_change_begins_anew_and_is_at_rest_once() -> None:
    rules, clock = settling(120)
    for size in (10, 20):
        assert not rules.at_rest(PATH, UNKNOWN, of_size(size))
        clock.now += 120
        assert rules.at_rest(PATH, UNKNOWN, of_size(size))


def test_no_quiet_time_is_asked_for_when_none_is_configured() -> None:
    assert settling(0)[0].at_rest(PATH, UNKNOWN, of_size(10))


@given(st.lists(st.tuples(st.floats(0, 300), st.booleans()), min_size=1, max_size=30))
def test_at_rest_means_unchanged_for_the_whole_time(steps: list[tuple[float, bool]]) -> None:
    rules, clock = settling(120)
    size, changed_at = 0, clock.now
    rules.at_rest(PATH, UNKNOWN, of_size(size))
    for passed_s, grows in steps:
        clock.now += passed_s
        if grows:
            size, changed_at = size + 1, clock.now
        at_rest = rules.at_rest(PATH, UNKNOWN, of_size(size))
        assert at_rest == (clock.now - changed_at >= 120)
        if at_rest:
            changed_at = clock.now
            rules.at_rest(PATH, UNKNOWN, of_size(size))
