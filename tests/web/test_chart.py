"""Months as bars: each at its place, pauses between them, whatever is told."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from voicemark.web.chart import bars

months = st.tuples(st.integers(1990, 2099), st.integers(1, 12)).map(lambda one: f"{one[0]}-{one[1]:02}")


@given(st.dictionaries(months | st.text(max_size=8), st.floats(0, 1e4), max_size=30))
def test_bars_lie_side_by_side_within_the_picture(hours: dict[str, float]) -> None:
    found = bars(list(hours.items()))
    assert [one.month for one in found] == sorted(one.month for one in found)
    for one, following in pairwise(found):
        assert one.left + one.width <= following.left + 0.01
    assert all(one.left >= 0 and one.left + one.width <= 100.01 and 0 <= one.height <= 100 for one in found)


def test_a_pause_is_seen() -> None:
    first, second = bars([("2024-01", 1.0), ("2024-04", 2.0)])
    assert (first.left, second.left, first.height, second.height) == (0, 75, 50, 100)
