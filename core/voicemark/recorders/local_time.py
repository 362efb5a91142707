"""Wall-clock times out of directory and file names: local time of the recorder, made aware."""

from datetime import UTC, datetime, timedelta
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


def other_readings(moment: datetime | None, zone: str | None = None) -> tuple[datetime, ...]:
    """What a time of day in a name, read as `moment` (see `aware`), may mean as well: the second of the two hours that
    the end of summer time repeats; and where no zone was configured, UTC, in which containers run."""
    if moment is None:
        return ()
    local = moment.astimezone(None if zone is None else ZoneInfo(zone))
    again = (moment + timedelta(hours=1)).astimezone(local.tzinfo if zone is not None else None)
    found = [moment + timedelta(hours=1)] if again.replace(tzinfo=None) == local.replace(tzinfo=None) else []
    if zone is None and local.utcoffset():
        found.append(local.replace(tzinfo=UTC, fold=0))
    return tuple(one for one in found if within(one) is not None)
