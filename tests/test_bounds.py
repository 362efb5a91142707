"""What others write is a value that every later stage can take, or none."""

import sqlite3
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicemark import bounds
from voicemark.bounds import AGE, COUNT, EPISODE, SEASON, SECOND, Whole, duration, moment, within

ANYTHING = st.one_of(
    *(st.none(), st.booleans(), st.floats(), st.integers(), st.text(max_size=30), st.lists(st.integers(), max_size=2)),
    st.integers(min_value=10**400, max_value=10**401),
    st.integers(-(1 << 70), 1 << 70).map(str),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
)
ALL = [value for value in vars(bounds).values() if isinstance(value, Whole)]


@given(ANYTHING, st.sampled_from(ALL), st.sampled_from([10, 16]))
def test_a_whole_number_is_within_its_bounds_and_fits_into_sqlite(value: object, whole: Whole, base: int) -> None:
    number = whole(value, base)
    if number is not None:
        assert whole.least <= number <= whole.most
        with sqlite3.connect(":memory:") as connection:
            assert connection.execute("SELECT ?", (number,)).fetchone() == (number,)


@given(ANYTHING)
def test_a_moment_is_one_in_every_time_zone_and_has_room_around_it(value: object) -> None:
    time = moment(value)
    if time is not None:
        for zone in (timezone(timedelta(hours=14)), timezone(timedelta(hours=-12)), ZoneInfo("Europe/Berlin")):
            assert (time.astimezone(zone) + timedelta(days=365) - timedelta(days=730)).isoformat()
        time.astimezone()


@pytest.mark.parametrize(
    ("whole", "value", "expected"),
    [
        (SEASON, "99999999999999999999", None),
        (SEASON, "9999", 9999),
        (SEASON, "10000", None),
        (SEASON, -1, None),
        (EPISODE, " 12 ", 12),
        (EPISODE, "１２", None),
        (AGE, True, None),
        (COUNT, 10**400, None),
        (COUNT, float("nan"), None),
        (COUNT, float("inf"), None),
        (COUNT, 3.9, 3),
        (SECOND, 253402300799, None),
    ],
)
def test_numbers(whole: Whole, value: object, expected: int | None) -> None:
    assert whole(value) == expected


def test_times_from_1990_to_2100() -> None:
    assert moment("631152000") == datetime(1990, 1, 1, tzinfo=UTC)
    assert moment(631151999) is None
    assert moment(4102444799) == datetime(2099, 12, 31, 23, 59, 59, tzinfo=UTC)
    assert moment(4102444800) is None
    assert within(datetime(9999, 12, 31, tzinfo=UTC)) is None and within(None) is None


@given(st.none() | st.floats())
def test_a_duration_is_some_days_at_most(seconds: float | None) -> None:
    found = duration(seconds)
    assert found is None or 0 < found <= 7 * 86400
