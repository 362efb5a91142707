"""Moments as SQLite keeps them: UTC text `YYYY-MM-DD HH:MM:SS.ffffff`, which its date functions read."""

from datetime import UTC, datetime


def moment(text: str) -> datetime:
    """The aware moment that is kept so."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def moment_or_none(text: str | None) -> datetime | None:
    """As `moment`, of what may be unknown."""
    return None if text is None else moment(text)


def kept(value: datetime) -> str:
    """The text of an aware moment."""
    return value.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")
