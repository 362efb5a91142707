"""Numbers and dates that stand in addresses: anybody may write anything there, and what is no number is none."""

import math
from datetime import datetime, timedelta

from voicemark.bounds import MAX_DURATION_S, within

LARGEST = (1 << 63) - 1


def whole(told: str | None, default: int = 0, *, least: int = 0, most: int = LARGEST) -> int:
    """A whole number from `least` to `most`; `default` for anything else."""
    try:
        number = int(told or "") if len(told or "") <= 20 else None
    except ValueError:
        number = None
    return number if number is not None and least <= number <= most else default


def seconds(told: str | None) -> float | None:
    """A moment of a recording; None for anything else."""
    try:
        number = float((told or "")[:30])
    except ValueError:
        return None
    return number if math.isfinite(number) and 0 <= number <= MAX_DURATION_S else None


def day(told: str | None, *, after: bool = False) -> datetime | None:
    """Midnight of `YYYY-MM-DD` on this machine's clock, or the one that ends that day; None for anything else."""
    try:
        parsed = datetime.strptime((told or "")[:10], "%Y-%m-%d") + timedelta(days=after)
        return within(parsed.astimezone())
    except (ValueError, OverflowError):
        return None
