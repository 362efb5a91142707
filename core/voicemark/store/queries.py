"""Questions that the command line asks; people ask the same of the views with `sqlite3`."""

import difflib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, literal_column, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from voicemark.errors import ConfigError, RecordingError
from voicemark.store.paths import path_to_text, text_to_path
from voicemark.store.schema import MarkerRow, ProgrammeRow, RecordingRow, VoiceRow

ROWS_AT_ONCE = 1000
"""So many rows of an answer are in memory."""
IN_ORDER: ColumnElement[int] = literal_column("+recordings.id")
"""A recording's number. The plus keeps SQLite from looking recordings up by it, out of their order: all that is found
would have to be sorted before the first is there."""


@dataclass(frozen=True)
class MarkerFilter:
    """Which markers are asked for; texts are parts of the whole, without regard to case."""

    speaker: str | None = None
    title: str | None = None
    channel: str | None = None
    since: datetime | None = None
    """Recordings that started at or after this moment."""
    recording: str | None = None
    type: str | None = None
    """The programme's genre, or its type as guessed."""
    paths: Sequence[Path] | None = None
    """Exactly these recordings."""
    after: tuple[datetime | None, str] | None = None
    """Only recordings that come after the one of this beginning and path."""


@dataclass(frozen=True)
class MarkerView:
    """A marker as people see it: the fields of `voice_markers`, in its order, and its number."""

    recording: str
    title: str
    subtitle: str | None
    channel: str | None
    started_at: datetime | None
    speaker: str
    start_s: float
    end_s: float
    at_min: float
    score: float
    id: int | None = None
    """In the database, until its recording is matched anew."""


def check_voice(session: Session, wanted: str, *, part: bool) -> None:
    """Raises `ConfigError` that names near ones when no voice is called so, in any case; `part`: or holds it."""
    names = session.scalars(select(VoiceRow.name).order_by(VoiceRow.name)).all()
    sought = wanted.casefold()
    if any(sought == name.casefold() or (part and sought in name.casefold()) for name in names):
        return
    folded = {name.casefold(): name for name in names}
    near = [folded[name] for name in difflib.get_close_matches(sought, folded, n=3, cutoff=0.5)]
    hint = f"is it {' or '.join(near)}?" if near else f"the voices are: {', '.join(names) or 'none yet'}"
    raise ConfigError(f"there is no voice '{wanted}'", hint=hint)


def find_markers(session: Session, wanted: MarkerFilter) -> Iterator[MarkerView]:
    """The markers that `wanted` lets through, by recording and time, as they are read: take them within the session.

    Recordings are gone through in their order by an index, so the first marker is there before the last is looked at.
    Does not write to the database.
    """
    names = {row.id: row.name for row in session.execute(select(VoiceRow.id, VoiceRow.name))}
    query = (
        select(
            RecordingRow.path,
            case((ProgrammeRow.id.is_(None), RecordingRow.title), else_=ProgrammeRow.title),
            case((ProgrammeRow.id.is_(None), RecordingRow.subtitle), else_=ProgrammeRow.subtitle),
            func.coalesce(ProgrammeRow.channel, RecordingRow.channel),
            RecordingRow.started_at,
            MarkerRow.voice_id,
            MarkerRow.start_s,
            MarkerRow.end_s,
            MarkerRow.score,
            MarkerRow.id,
        )
        .select_from(RecordingRow)
        .join(MarkerRow, MarkerRow.recording_id == IN_ORDER)
        .outerjoin(ProgrammeRow, ProgrammeRow.id == MarkerRow.programme_id)
        .where(*_conditions(wanted, names))
        .order_by(RecordingRow.started_at, RecordingRow.path, MarkerRow.start_s)
        .execution_options(yield_per=ROWS_AT_ONCE)
    )
    for path, title, subtitle, channel, started_at, voice, start_s, end_s, score, number in session.execute(query):
        yield MarkerView(
            recording=path,
            title=title,
            subtitle=subtitle,
            channel=channel,
            started_at=started_at,
            speaker=names[voice],
            start_s=round(start_s, 2),
            end_s=round(end_s, 2),
            at_min=round(start_s / 60, 1),
            score=round(score, 3),
            id=number,
        )


def voices_called(session: Session, part: str) -> list[int]:
    """The numbers of the voices whose name holds `part`, in any case."""
    return list(session.scalars(select(VoiceRow.id).where(holds(VoiceRow.name, part))))


def place_of_marker(session: Session, number: int) -> tuple[Path, float]:
    """The recording of a marker, by its number, and where in it (seconds) it begins. Raises `RecordingError`."""
    query = select(RecordingRow.path, MarkerRow.start_s).join(MarkerRow, MarkerRow.recording_id == RecordingRow.id)
    found = session.execute(query.where(MarkerRow.id == number)).first() if number < 1 << 63 else None
    if found is None:
        raise RecordingError(f"there is no marker {number}", hint="`voicemark markers` lists them")
    return text_to_path(found[0]), found[1]


def holds(column: ColumnElement[str] | InstrumentedAttribute[Any], part: str) -> ColumnElement[bool]:
    """`column` contains `part`, in any case (`casefold` is the function that `Database` adds to SQLite)."""
    contains: ColumnElement[bool] = func.instr(func.casefold(column), part.casefold()) > 0
    return contains


def _conditions(wanted: MarkerFilter, names: Mapping[int, str]) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.speaker is not None:
        part = wanted.speaker.casefold()
        conditions.append(MarkerRow.voice_id.in_([number for number, name in names.items() if part in name.casefold()]))
    if wanted.title is not None:
        conditions.append(_told_by_either(wanted.title, "title", "subtitle"))
    if wanted.channel is not None:
        conditions.append(_told_by_either(wanted.channel, "channel"))
    if wanted.since is not None:
        conditions.append(RecordingRow.started_at >= wanted.since)
    if wanted.recording is not None:
        conditions.append(holds(RecordingRow.path, wanted.recording))
    if wanted.type is not None:
        conditions.append(_in_programmes(lambda row: _any_holds(row, wanted.type or "", "genre", "type_guess")))
    if wanted.paths is not None:
        # One parameter, whatever their number: SQLite has a limit.
        paths = func.json_each(json.dumps([path_to_text(path) for path in wanted.paths])).table_valued("value")
        conditions.append(RecordingRow.path.in_(select(paths.c.value)))
    if wanted.after is not None:
        conditions.append(_after(*wanted.after))
    return conditions


def _after(started_at: datetime | None, path: str) -> ColumnElement[bool]:
    """Recordings without a beginning come first."""
    if started_at is None:
        return or_(RecordingRow.started_at.is_not(None), RecordingRow.path > path)
    return or_(
        RecordingRow.started_at > started_at, and_(RecordingRow.started_at == started_at, RecordingRow.path > path)
    )


def _told_by_either(part: str, column: str, *more: str) -> ColumnElement[bool]:
    """A column of the marker's programme holds `part`; or, where the first is empty, that of its recording does."""
    silent = getattr(ProgrammeRow, column).is_(None)
    return _in_programmes(
        lambda row: _any_holds(row, part, column, *more), _any_holds(RecordingRow, part, column), silent
    )


def _in_programmes(
    matches: Callable[[Any], ColumnElement[bool]],
    recording: ColumnElement[bool] | None = None,
    silent: ColumnElement[bool] | None = None,
) -> ColumnElement[bool]:
    """The marker is in one of the programmes that match; or, where its programme is `silent`, its `recording` does.

    Programmes are looked through once and lead to their recordings; of other recordings no marker is read.
    """
    programme, marker = aliased(ProgrammeRow), aliased(MarkerRow)
    matching = select(programme.id).where(matches(programme))
    somewhere = IN_ORDER.in_(select(marker.recording_id).where(marker.programme_id.in_(matching)))
    here = MarkerRow.programme_id.in_(matching)
    if recording is None or silent is None:
        return and_(somewhere, here)
    return and_(or_(somewhere, recording), or_(here, and_(silent, recording)))


def _any_holds(row: Any, part: str, *columns: str) -> ColumnElement[bool]:
    return or_(*(holds(getattr(row, column), part) for column in columns))
