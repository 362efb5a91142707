"""When the service keeps still, and that it lowers its own priorities."""

from datetime import datetime, time

import pytest

from voicemark.config import ServiceSection
from voicemarkd.throttle import Hours, Manners


@pytest.mark.parametrize(
    ("hours", "inside", "outside"),
    [
        ("01:00-06:30", ["01:00", "06:29"], ["00:59", "06:30", "20:15"]),
        ("22:00-06:00", ["22:00", "00:00", "05:59"], ["06:00", "21:59"]),
        ("00:00-00:00", ["00:00", "12:00", "23:59"], []),
    ],
)
def test_allowed_hours_may_go_over_midnight(hours: str, inside: list[str], outside: list[str]) -> None:
    allowed = Hours.parse(hours)
    assert all(time.fromisoformat(moment) in allowed for moment in inside)
    assert not any(time.fromisoformat(moment) in allowed for moment in outside)


def manners(*, recording: bool = False, load: float = 0.0, at: str = "12:00", **settings: object) -> Manners:
    return Manners(
        ServiceSection.model_validate(settings),
        recording=lambda: recording,
        local_time=lambda: datetime.fromisoformat(f"2026-03-01T{at}"),
        load=lambda: load,
    )


def test_nothing_is_in_the_way_by_default() -> None:
    assert manners(recording=True, load=99).reason_to_pause() is None


def test_each_reason_to_pause_says_itself() -> None:
    assert manners(allowed_hours="01:00-06:30").reason_to_pause() == "outside the allowed hours 01:00-06:30"
    assert manners(allowed_hours="01:00-06:30", at="02:00").reason_to_pause() is None
    assert manners(pause_while_recording=True, recording=True).reason_to_pause() == "the recorder is recording"
    assert manners(max_load=2.0, load=2.5).reason_to_pause() == "the load is 2.5"


def test_the_load_that_one_makes_oneself_is_allowed_for() -> None:
    busy = manners(max_load=2.0, load=2.5)
    assert busy.reason_to_pause(working=1) is None
    assert manners(max_load=2.0, load=3.5).reason_to_pause(working=1) is not None
    assert manners(max_load=2.0, load=3.5).reason_to_pause(working=2) is None
    assert manners(max_load=2.0, load=4.5).reason_to_pause(working=2) is not None
