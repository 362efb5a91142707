"""Patterns of the owner that could take for ever are refused, and the usual ones are not."""

import re
import sys

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError
from support.counted_regex import MOST_STEPS, Counted

from re import _parser as parser  # type: ignore[attr-defined]  # isort: skip

from voicemark.config import WatchSection
from voicemark.config.pattern_cost import fault_of

USUAL = [
    r"(?P<channel>\w+)\+(?P<date>\d{8})T(?P<time>\d{4})\+(?P<title>.+)",
    r"(?P<title>.+) - (?P<subtitle>.+) - (?P<channel>.+) - (?P<date>\d+)",
    r"(?P<title>[^_]+)_(?P<channel>[^_]+)_(?P<date>\d{8})_(?P<time>\d{4})_(?:\d+)_.+",
    r"(?P<title>.+?)(?: - (?P<subtitle>.+))? (?P<date>\d{4}-\d\d-\d\d)",
    r"(?i)(?P<title>.+)[ ._-]s(?P<season>\d{1,2})e(?P<episode>\d{1,3})(?:[ ._-].*)?",
]
HARD = [
    r"(?P<title>(a+)+)b",
    r"(?P<title>(?:a|aa)+)",
    r"(?P<title>(?:ab|ab)+)b",
    r"(?P<title>(?:a{1,3}){2,60})x",
    r"(?P<title>(?:.*a){12})",
    r"(?P<title>.+)(.+)(.+)(.+)(.+)(.+)x",
    "(?P<title>a?)" + "a?" * 30 + "a" * 30,
    "(?P<title>.)" + "(?:a|ab)" * 30 + "x",
]


@pytest.mark.parametrize("pattern", USUAL)
def test_usual_patterns_are_taken(pattern: str) -> None:
    assert fault_of(pattern) is None


@pytest.mark.parametrize("pattern", HARD)
def test_a_pattern_that_could_take_for_ever_is_refused_with_the_reason(pattern: str) -> None:
    with pytest.raises(ValidationError, match=r"could take for ever on some names: .*(within a repeat|tries)"):
        WatchSection.model_validate({"path": "/srv", "name_patterns": [pattern]})


ATOMS = st.sampled_from(["a", "b", ".", r"\w", "[ab]", "[^a]"])
REPEATED = st.builds(
    "{}{}".format, ATOMS, st.sampled_from(["", "", "*", "+", "?", "{2}", "{0,9}", "{3,}", "+?"])
)  # fmt: skip
PATTERNS = st.recursive(
    st.lists(REPEATED, min_size=1, max_size=3).map("".join),
    lambda inner: (
        st.builds("(?:{}){}".format, inner, st.sampled_from(["*", "+", "?", "{2,60}", ""]))
        | st.builds("(?:{}|{})".format, inner, inner)
        | st.builds("{}{}".format, inner, inner)
    ),
    max_leaves=4,
)


@example("a*a{2}a{3,}a*a*", "a")
@given(PATTERNS, st.text("ab", min_size=1, max_size=2))
def test_what_is_taken_needs_no_more_steps_than_a_power_of_the_length(pattern: str, pump: str) -> None:
    """Counted, on names with twelve characters and with twenty-four more than the pattern must have: twice as many are
    at most 2⁴ times the work."""
    if fault_of(pattern) is not None:
        return
    least, _ = parser.parse(pattern).getwidth()
    counted = Counted(re.compile(pattern))
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(20_000)
    try:
        short, long = (counted.work((pump * (least + 24))[: least + more] + "!", "fullmatch") for more in (12, 24))
    finally:
        sys.setrecursionlimit(limit)
    assert long <= 16 * short + 200 or long >= MOST_STEPS > short > MOST_STEPS / 32
