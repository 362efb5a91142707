"""A list of recordings, a page at a time: searched, filtered, sorted, and quick however many there are.

Pages follow each other by the last row of the one before (keyset): nothing is shown twice or passed over when
recordings come and go meanwhile.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Self

from sqlalchemy import ColumnElement, and_, case, func, or_, select
from sqlalchemy.orm import Session
from sqlalchemy.sql.elements import UnaryExpression

from voicemark.store.jobs import JobState
from voicemark.store.schema import JobRow, MarkerRow, RecordingRow, VoiceRow
from voicemark.store.search import about

PAGE = 50
DELETED = "deleted"
STATES = (*(state.value for state in JobState if state is not JobState.GONE), DELETED)
MOST_VOICES = 6
"""Names that are told of a recording; those who speak longest."""
LARGEST_ID = (1 << 63) - 1


class Order(StrEnum):
    """What a list can be sorted by."""

    DATE = "date"
    TITLE = "title"
    CHANNEL = "channel"
    LENGTH = "length"


@dataclass(frozen=True)
class After:
    """The last row of the page before: what it is sorted by, and its number."""

    key: str | float | None
    id: int

    def __str__(self) -> str:
        return json.dumps([self.key, self.id], ensure_ascii=False)

    @classmethod
    def of(cls, told: str | None) -> Self | None:
        """What `str` made; None for anything else: the list then begins at its beginning."""
        try:
            key, number = json.loads(told or "")
        except (ValueError, TypeError, RecursionError):
            return None
        plain = key is None or (isinstance(key, str) and key.isprintable())
        plain = plain or (isinstance(key, float | int) and not isinstance(key, bool) and abs(key) < 1e15)
        is_id = isinstance(number, int) and not isinstance(number, bool) and 0 <= number <= LARGEST_ID
        if isinstance(key, float) and not math.isfinite(key):
            return None
        return cls(key, number) if plain and is_id else None


@dataclass(frozen=True)
class Wanted:
    """Which recordings, and in which order."""

    words: str = ""
    state: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    """Recordings that began from `since` on and before `until`."""
    order: Order = Order.DATE
    falling: bool = True
    after: After | None = None


@dataclass(frozen=True)
class Line:
    """A recording in the list."""

    id: int
    title: str
    subtitle: str | None
    channel: str | None
    started_at: datetime | None
    duration_s: float | None
    state: str
    error: str | None
    voices: tuple[str, ...]
    """Names of who is heard, by how long."""


@dataclass(frozen=True)
class Page:
    """A page of the list."""

    lines: tuple[Line, ...]
    found: int
    """So many recordings are wanted, on all pages."""
    next: After | None


def list_recordings(session: Session, wanted: Wanted, size: int = PAGE) -> Page:
    """The page of `wanted` that follows `wanted.after`. Does not write to the database.

    First the numbers of all that are found, then the order, then what is told of those on the page: nothing is read of
    the others.
    """
    conditions = _conditions(session, wanted)
    if conditions:
        numbers = session.scalars(select(RecordingRow.id).where(*conditions)).all()
        found = len(numbers)
        conditions = [RecordingRow.id.in_(select(_each(numbers)))]
    else:
        found = session.scalar(select(func.count()).select_from(RecordingRow)) or 0
    key = _key(wanted.order)
    ordered = session.execute(
        select(RecordingRow.id, key)
        .where(*conditions, *_behind(key, wanted))
        .order_by(_way(key, wanted), _way(RecordingRow.id, wanted))
        .limit(size + 1)
    ).all()
    lines = _lines(session, [row[0] for row in ordered[:size]])
    last = ordered[size - 1] if len(ordered) > size else None
    return Page(lines, found, None if last is None else After(_plain(last[1]), last[0]))


def _lines(session: Session, numbers: Sequence[int]) -> tuple[Line, ...]:
    query = select(RecordingRow, state_of(), _latest(JobRow.error)).where(RecordingRow.id.in_(numbers))
    voices = _voices(session, numbers)
    lines = {
        row.id: Line(
            id=row.id,
            title=row.title,
            subtitle=row.subtitle,
            channel=row.channel,
            started_at=row.started_at,
            duration_s=row.duration_s,
            state=state,
            error=error,
            voices=voices.get(row.id, ()),
        )
        for row, state, error in session.execute(query)
    }
    return tuple(lines[number] for number in numbers)


def _each(numbers: Sequence[int]) -> Any:
    """As a table of one column: one parameter, whatever their number."""
    return func.json_each(json.dumps(list(numbers))).table_valued("value").c.value


def state_of() -> ColumnElement[str]:
    """Where a recording stands, as the view `recording_list` tells it."""
    unknown = case((RecordingRow.scanned_at.is_(None), JobState.WAITING.value), else_=JobState.DONE.value)
    return case((RecordingRow.deleted_at.is_not(None), DELETED), else_=func.coalesce(_latest(JobRow.state), unknown))


def _latest(column: Any) -> ColumnElement[Any]:
    latest = select(column).where(JobRow.recording_id == RecordingRow.id)
    found: ColumnElement[Any] = (
        latest.order_by(JobRow.updated_at.desc(), JobRow.id.desc()).limit(1).correlate(RecordingRow).scalar_subquery()
    )
    return found


def _is_in(state: str) -> ColumnElement[bool]:
    """The same as `state_of() == state`, without asking for the jobs of each recording by itself."""
    if state == DELETED:
        return RecordingRow.deleted_at.is_not(None)
    # SQLite takes the other columns of a group from the row that has its maximum.
    latest = func.max(func.printf("%s%020d", JobRow.updated_at, JobRow.id))
    jobs = select(JobRow.recording_id, JobRow.state, latest).group_by(JobRow.recording_id).subquery()
    is_in: ColumnElement[bool] = RecordingRow.id.in_(select(jobs.c.recording_id).where(jobs.c.state == state))
    if state in (JobState.WAITING, JobState.DONE):
        scanned = RecordingRow.scanned_at.is_not(None) == (state == JobState.DONE)
        is_in = or_(is_in, and_(scanned, RecordingRow.id.not_in(select(JobRow.recording_id))))
    return and_(RecordingRow.deleted_at.is_(None), is_in)


def _conditions(session: Session, wanted: Wanted) -> list[ColumnElement[bool]]:
    conditions = about(session, wanted.words)
    if wanted.state is not None:
        conditions.append(_is_in(wanted.state))
    if wanted.since is not None:
        conditions.append(RecordingRow.started_at >= wanted.since)
    if wanted.until is not None:
        conditions.append(RecordingRow.started_at < wanted.until)
    return conditions


def _key(order: Order) -> ColumnElement[Any]:
    keys: dict[Order, ColumnElement[Any]] = {
        Order.DATE: RecordingRow.__table__.c.started_at,
        Order.TITLE: func.casefold(RecordingRow.title),
        Order.CHANNEL: func.casefold(RecordingRow.channel),
        Order.LENGTH: RecordingRow.__table__.c.duration_s,
    }
    return keys[order]


def _way(key: Any, wanted: Wanted) -> UnaryExpression[Any]:
    way: UnaryExpression[Any] = key.desc() if wanted.falling else key.asc()
    return way


def _behind(key: ColumnElement[Any], wanted: Wanted) -> list[ColumnElement[bool]]:
    """What is behind the last row; SQLite counts null below all else."""
    after = wanted.after
    if after is None:
        return []
    later = RecordingRow.id < after.id if wanted.falling else RecordingRow.id > after.id
    if after.key is None:
        same = and_(key.is_(None), later)
        return [same if wanted.falling else or_(same, key.is_not(None))]
    value = _typed(after.key, wanted.order)
    if value is None:
        return []
    beyond = key < value if wanted.falling else key > value
    behind = [beyond, and_(key == value, later)]
    return [or_(*behind, *([key.is_(None)] if wanted.falling else []))]


def _typed(key: str | float, order: Order) -> Any:
    """A key as its column has it; None for one of another kind."""
    if order is Order.DATE:
        try:
            moment = datetime.fromisoformat(str(key))
        except ValueError:
            return None
        return moment if moment.tzinfo is not None and 1 < moment.year < 9999 else None
    if order is Order.LENGTH:
        return None if isinstance(key, str) else float(key)
    return key if isinstance(key, str) else None


def _plain(key: Any) -> str | float | None:
    return key.astimezone(UTC).isoformat() if isinstance(key, datetime) else key


def _voices(session: Session, recordings: Sequence[int]) -> dict[int, tuple[str, ...]]:
    seconds = func.sum(MarkerRow.end_s - MarkerRow.start_s)
    rows = session.execute(
        select(MarkerRow.recording_id, VoiceRow.name)
        .join(VoiceRow, VoiceRow.id == MarkerRow.voice_id)
        .where(MarkerRow.recording_id.in_(recordings))
        .group_by(MarkerRow.recording_id, VoiceRow.id)
        .order_by(MarkerRow.recording_id, seconds.desc(), VoiceRow.name)
    )
    found: dict[int, list[str]] = {}
    for recording, name in rows:
        found.setdefault(recording, []).append(name)
    return {recording: tuple(names[:MOST_VOICES]) for recording, names in found.items()}
