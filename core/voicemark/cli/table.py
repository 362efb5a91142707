"""A table as lines of text, without the library that draws others: to draw a thousand rows with it takes a second.

One column may be broken into lines where the table is too wide. What is too wide even then is left to the terminal.
"""

import os
import shutil
import sys
import unicodedata
from collections.abc import Iterator, Sequence

WIDE_ENOUGH = 200
"""Columns of what is no terminal."""
NARROWEST = 12
"""The column that is broken is not made narrower."""
BETWEEN = "  "
BOLD, PLAIN = "\033[1m", "\033[0m"


def print_table(headings: Sequence[str], rows: Sequence[Sequence[str]], broken: int) -> None:
    """On standard output, as wide as that is; the column at `broken` is the one that may be."""
    terminal = sys.stdout.isatty()
    width = shutil.get_terminal_size().columns if terminal else WIDE_ENOUGH
    first, *others = table(headings, rows, broken, width)
    if terminal and os.environ.get("TERM") != "dumb":
        first = f"{BOLD}{first}{PLAIN}"
    sys.stdout.write("\n".join((first, *others)) + "\n")


def table(headings: Sequence[str], rows: Sequence[Sequence[str]], broken: int, width: int) -> Iterator[str]:
    """Its lines. Columns are as wide as what is in them."""
    widths = [max(map(cells, column)) for column in zip(headings, *rows, strict=True)]
    left = width - sum(widths) - len(BETWEEN) * (len(widths) - 1) + widths[broken]
    widths[broken] = min(widths[broken], max(left, NARROWEST))
    for row in (headings, *rows):
        lines = broken_up(row[broken], widths[broken])
        for n, line in enumerate(lines):
            texts = [line if at == broken else text if n == 0 else "" for at, text in enumerate(row)]
            yield BETWEEN.join(text + " " * (wide - cells(text)) for text, wide in zip(texts, widths, strict=True))


def broken_up(text: str, width: int) -> list[str]:
    """`text` in lines of at most `width` columns, at blanks where there are some."""
    if cells(text) <= width:
        return [text]
    lines, line = [], ""
    for word in text.split():
        if line and cells(line) + 1 + cells(word) > width:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}" if line else word
        while cells(line) > width:
            fits = _fitting(line, width)
            lines.append(line[:fits])
            line = line[fits:]
    return [*lines, line] if line or not lines else lines


def cells(text: str) -> int:
    """How many columns of a terminal `text` takes."""
    return len(text) if text.isascii() else sum(map(_cells_of, text))


def _cells_of(character: str) -> int:
    if character < "\u0300":
        return 1
    if unicodedata.category(character)[0] == "M" or unicodedata.category(character) == "Cf":
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _fitting(text: str, width: int) -> int:
    """How many characters of `text` fit; at least one."""
    taken = 0
    for at, character in enumerate(text):
        taken += _cells_of(character)
        if taken > width:
            return max(at, 1)
    return len(text)
