"""Wall-clock times out of directory and file names: local time of the recorder, made aware."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from voicemark.bounds import within


def aware(
    year: int, month: int, day: int, hour: int = 0, minute: int = 0, second: int = 0, zone: str | None = None
) -> datetime | None:
    """Local time in `zone` (IANA name; none: this machine's) as UTC; None when no calendar has it, or it
    is out of bounds.

    Of the hour that the end of summer time repeats, the first is meant, as with `mktime`.
    """
    try:
        naive = datetime(year, month, day, hour, minute, second)
        local = naive.astimezone() if zone is None else naive.replace(tzinfo=ZoneInfo(zone))
        return within(local.astimezone(UTC))
    except (ValueError, OverflowError, OSError):
        return None
