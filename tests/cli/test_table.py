"""A table is what the library that was used before would draw, as long as there is room for it."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.table import Table
from rich.text import Text

from voicemark.cli.table import NARROWEST, broken_up, cells, print_table, table

WORDS = st.lists(st.sampled_from(["a", "Über", "中文", "e\u0301te", "12:30", "–", "weather"]), max_size=9).map(" ".join)
SHORT = st.sampled_from(["", "x", "Das Erste", "中文"])


def drawn(headings: tuple[str, ...], rows: list[tuple[str, ...]], broken: int, width: int) -> list[str]:
    """By `rich`."""
    reference = Table(box=None, pad_edge=False)
    for at, heading in enumerate(headings):
        reference.add_column(heading, no_wrap=at != broken)
    for row in rows:
        reference.add_row(*map(Text, row))
    out = io.StringIO()
    Console(file=out, width=width, highlight=False).print(reference)
    return out.getvalue().splitlines()


@given(st.lists(st.tuples(SHORT, WORDS, SHORT), min_size=1, max_size=6), st.integers(40, 90))
def test_a_table_looks_as_before(rows: list[tuple[str, ...]], width: int) -> None:
    headings = ("voice", "programme", "channel")
    assert list(table(headings, rows, 1, width)) == drawn(headings, rows, 1, width)


@given(st.text(max_size=60), st.integers(2, 30))
def test_a_text_that_is_broken_keeps_its_words_and_fits(text: str, width: int) -> None:
    lines = broken_up(text, width)
    assert all(cells(line) <= width for line in lines) and lines
    if len(lines) > 1:
        assert "".join("".join(lines).split()) == "".join(text.split())


def test_what_is_too_wide_is_not_cut_off() -> None:
    [_, first, second] = table(("a", "b"), [("word " * 4, "x" * 99)], 0, 20)
    assert "x" * 99 in first
    assert (first[:NARROWEST].split(), second.split()) == (["word", "word"], ["word", "word"])


def test_what_is_no_terminal_gets_plain_text(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("a", "b"), [("1", "2")], 0)
    assert capsys.readouterr().out == "a  b\n1  2\n"
