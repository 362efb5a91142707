"""The broadcaster's clock on a recording's timeline: one run, several, or none that can be trusted."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from voicemark.epg.stream_clock import JUMP_S, runs_of, start_of

START = datetime(2024, 1, 31, 19, 0, tzinfo=UTC)


def told(begins_s: float, ends_s: float, gap_s: float = 0.0) -> list[tuple[float, datetime]]:
    """The time every thirty seconds of the recording, of which so much was cut out before."""
    count = int((ends_s - begins_s) // 30)
    return [
        (begins_s + 30.0 * step, START + timedelta(seconds=begins_s + 30.0 * step + gap_s)) for step in range(count)
    ]


def test_one_run_is_one_clock() -> None:
    clocks = told(10, 3000)
    assert runs_of(clocks) == (clocks, ())
    assert start_of(clocks) == START and start_of([]) is None


def test_a_cut_is_where_the_clock_goes_on_at_another_time() -> None:
    first, jumps = runs_of([*told(0, 600), *told(600, 1200, 1800)])
    assert start_of(first) == START
    assert jumps == ((585.0, START + timedelta(seconds=585 + 1800)),)


def test_a_clock_that_jumps_about_is_taken_as_a_whole() -> None:
    about = [(30.0 * step, START + timedelta(hours=step % 2, seconds=30 * step)) for step in range(40)]
    assert runs_of(about) == (about, ())
    back = [*told(0, 600, 7200), *told(600, 1200)]
    assert runs_of(back) == (back, ())


@given(st.lists(st.tuples(st.floats(0, 9000), st.floats(-90_000, 90_000)), max_size=30))
def test_jumps_lie_in_order_and_ahead(clocks: list[tuple[float, float]]) -> None:
    first, jumps = runs_of([(at_s, START + timedelta(seconds=seconds)) for at_s, seconds in clocks])
    assert len(first) <= len(clocks)
    assert [at_s for at_s, _ in jumps] == sorted(at_s for at_s, _ in jumps)
    if jumps:
        began = start_of(first)
        assert began is not None and jumps[0][1] - began > timedelta(seconds=jumps[0][0] - JUMP_S)
