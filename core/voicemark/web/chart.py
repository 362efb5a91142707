"""Hours by month as bars, each month of the years between the first and the last, so that pauses are seen."""

from collections.abc import Sequence
from dataclasses import dataclass

MOST = 600
"""Months; fifty years."""


@dataclass(frozen=True)
class Bar:
    """A month: where its bar stands and how high it is, in hundredths of the picture."""

    month: str
    hours: float
    left: float
    width: float
    height: float


def bars(hours: Sequence[tuple[str, float]]) -> list[Bar]:
    """`hours` are those of months `YYYY-MM`; a month in which nothing is heard has no bar but its place."""
    known = {_number(month): (month, value) for month, value in hours if _is_month(month)}
    if not known:
        return []
    first, last = max(min(known), max(known) - MOST + 1), max(known)
    width, highest = 100 / (last - first + 1), max(value for _, value in known.values())
    return [
        Bar(month, value, round((number - first) * width, 3), round(width * 0.9, 3), round(100 * value / highest, 1))
        for number, (month, value) in sorted(known.items())
        if number >= first and highest > 0
    ]


def _is_month(month: str) -> bool:
    year, dash, number = month.partition("-")
    return bool(dash) and len(year) == 4 and year.isdigit() and number.isdigit() and 1 <= int(number) <= 12


def _number(month: str) -> int:
    year, _, number = month.partition("-")
    return 12 * int(year) + int(number) - 1
