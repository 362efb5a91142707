"""What numbers, times and texts of others may be: bounded where they are parsed, so that nothing later has to ask.

A value outside of its bounds is None, as if it had not been told. Whatever comes out of here fits into SQLite's
integers, is a time in every time zone, and can be added to and taken from with the margins that the stages use.
"""

import math
from dataclasses import dataclass
from datetime import UTC, datetime

FIRST = datetime(1990, 1, 1, tzinfo=UTC)
END = datetime(2100, 1, 1, tzinfo=UTC)
"""Recordings and programmes begin from `FIRST` on and before `END`."""
MAX_DURATION_S = 7 * 86400
"""Seconds of a programme or a recording, at most."""
MAX_DIGITS = 20
"""Characters that are looked at for a number."""
MAX_GENRES = 32
MAX_STREAMS = 100


@dataclass(frozen=True)
class Whole:
    """A whole number from `least` to `most`, both included."""

    least: int
    most: int

    def __call__(self, value: object, base: int = 10) -> int | None:
        """The number that `value` is: an integer, a float (cut), or text in `base`; None for all else. Never raises."""
        number = number_in(value, base) if isinstance(value, str) else _integer(value)
        return number if number is not None and self.least <= number <= self.most else None


SEASON = Whole(0, 9_999)
EPISODE = Whole(0, 99_999)
EVENT_ID = Whole(0, (1 << 32) - 1)
"""16 bits as broadcast; VDR keeps 32."""
AGE = Whole(1, 99)
CONTENT = Whole(1, 0xFF)
"""A content byte (ETSI EN 300 468, 6.2.9)."""
SECOND = Whole(int(FIRST.timestamp()), int(END.timestamp()) - 1)
"""UNIX time."""
LENGTH_S = Whole(1, MAX_DURATION_S)
MINUTES = Whole(1, 24 * 60)
COUNT = Whole(0, (1 << 53) - 1)
"""Bytes, ticks, errors: whatever is counted. Exact as a float, too."""


def number_in(text: str, base: int = 10) -> int | None:
    """The integer that `text` is, or None; at most `MAX_DIGITS` characters are looked at."""
    text = text.strip()
    if not text.isascii() or len(text) > MAX_DIGITS:
        return None
    try:
        return int(text, base)
    except ValueError:
        return None


def _integer(value: object) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    return int(value) if isinstance(value, float) and math.isfinite(value) else None


def moment(value: object) -> datetime | None:
    """A UNIX time (a number, or text) as an aware UTC time, to the second; None outside of `FIRST` to `END`."""
    seconds = SECOND(value)
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def within(time: datetime | None) -> datetime | None:
    """An aware time, when it lies from `FIRST` to `END`."""
    return time if time is not None and FIRST <= time < END else None


def duration(seconds: float | None) -> float | None:
    """Seconds of a programme or a recording; None for none, for negative and for implausibly long ones."""
    return float(seconds) if seconds is not None and 0 < seconds <= MAX_DURATION_S else None
