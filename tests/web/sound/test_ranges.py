"""Parts of a file that are asked for: what players send, and what nobody should."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicemark.web.sound.ranges import OutsideError, part_of


@pytest.mark.parametrize(
    ("header", "part"),
    [
        (None, None),
        ("bytes=0-", (0, 100)),
        ("bytes=0-1", (0, 2)),
        ("bytes=99-", (99, 100)),
        ("bytes=10-5000", (10, 100)),
        ("bytes=0-99999999999999999", (0, 100)),
        ("bytes=-1", (99, 100)),
        ("bytes=-5000", (0, 100)),
        ("bytes=5-4", None),
        ("bytes=0-1,5-6", None),
        ("bytes=0-1," * 5000, None),
        ("bytes=", None),
        ("bytes=-", None),
        ("bytes=--5", None),
        ("bytes=1--5", None),
        ("bytes=٣-", None),
        ("items=0-1", None),
        ("bytes=" + "9" * 5000 + "-", None),
    ],
)
def test_a_part_is_taken_or_the_whole(header: str | None, part: tuple[int, int] | None) -> None:
    assert part_of(header, 100) == part


@pytest.mark.parametrize("header", ["bytes=100-", "bytes=100-200", "bytes=-0", "bytes=999999999999999999-"])
def test_a_part_that_is_not_there_is_refused(header: str) -> None:
    with pytest.raises(OutsideError):
        part_of(header, 100)


@given(st.text(max_size=30) | st.from_regex(r"bytes=\d*-\d*", fullmatch=True), st.integers(0, 10**6))
def test_whatever_is_asked_the_part_lies_within_the_file(header: str, size: int) -> None:
    try:
        part = part_of(header, size)
    except OutsideError:
        return
    assert part is None or 0 <= part[0] < part[1] <= size
