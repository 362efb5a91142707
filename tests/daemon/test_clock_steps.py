"""A clock that is set is told from time that passes."""

import pytest

from voicemarkd.clock_steps import ClockSteps


@pytest.mark.parametrize("step_s", [56 * 365 * 86_400.0, -7200.0, 3600.0])
def test_a_step_is_told_once_and_time_that_passes_is_none(step_s: float) -> None:
    now = {"wall": 1000.0, "boot": 5.0}
    steps = ClockSteps(lambda: now["wall"], lambda: now["boot"])
    now["wall"] += 86_400
    now["boot"] += 86_400
    assert steps.since_last() == 0
    now["wall"] += step_s + 10
    now["boot"] += 10
    assert steps.since_last() == pytest.approx(step_s)
    assert steps.since_last() == 0


def test_the_machines_own_clocks_agree() -> None:
    assert ClockSteps().since_last() == 0
