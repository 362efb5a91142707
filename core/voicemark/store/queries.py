"""Questions that the command line asks; people ask the same of the views with `sqlite3`."""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from voicemark.errors import ConfigError, RecordingError
from voicemark.store.paths import path_to_text, text_to_path
from voicemark.store.schema import MarkerRow, ProgrammeRow, RecordingRow, VoiceRow


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


@dataclass(frozen=True)
class MarkerView:
    """A marker as people see it; the fields of `voice_markers`, in its order."""

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


def find_markers(session: Session, wanted: MarkerFilter) -> list[MarkerView]:
    """The markers that `wanted` lets through, by recording and time. Does not write to the database."""
    title = func.coalesce(ProgrammeRow.title, RecordingRow.title)
    channel = func.coalesce(ProgrammeRow.channel, RecordingRow.channel)
    query = (
        select(MarkerRow, RecordingRow, VoiceRow.name, ProgrammeRow)
        .join(RecordingRow, RecordingRow.id == MarkerRow.recording_id)
        .join(VoiceRow, VoiceRow.id == MarkerRow.voice_id)
        .outerjoin(ProgrammeRow, ProgrammeRow.id == MarkerRow.programme_id)
        .order_by(RecordingRow.started_at, RecordingRow.path, MarkerRow.start_s)
    )
    conditions: list[ColumnElement[bool]] = []
    if wanted.speaker is not None:
        conditions.append(_holds(VoiceRow.name, wanted.speaker))
    if wanted.title is not None:
        conditions.append(or_(_holds(title, wanted.title), _holds(ProgrammeRow.subtitle, wanted.title)))
    if wanted.channel is not None:
        conditions.append(_holds(channel, wanted.channel))
    if wanted.since is not None:
        conditions.append(RecordingRow.started_at >= wanted.since)
    if wanted.recording is not None:
        conditions.append(_holds(RecordingRow.path, wanted.recording))
    if wanted.type is not None:
        conditions.append(or_(_holds(ProgrammeRow.genre, wanted.type), _holds(ProgrammeRow.type_guess, wanted.type)))
    if wanted.paths is not None:
        conditions.append(RecordingRow.path.in_([path_to_text(path) for path in wanted.paths]))
    rows = session.execute(query.where(and_(True, *conditions)))
    return [_view(marker, recording, name, programme) for marker, recording, name, programme in rows]


def place_of_marker(session: Session, number: int) -> tuple[Path, float]:
    """The recording of a marker, by its number, and where in it (seconds) it begins. Raises `RecordingError`."""
    query = select(RecordingRow.path, MarkerRow.start_s).join(MarkerRow, MarkerRow.recording_id == RecordingRow.id)
    found = session.execute(query.where(MarkerRow.id == number)).first() if number < 1 << 63 else None
    if found is None:
        raise RecordingError(f"there is no marker {number}", hint="`voicemark markers` lists them")
    return text_to_path(found[0]), found[1]


def _holds(column: ColumnElement[str] | InstrumentedAttribute[Any], part: str) -> ColumnElement[bool]:
    """`column` contains `part`, in any case (`casefold` is the function that `Database` adds to SQLite)."""
    contains: ColumnElement[bool] = func.instr(func.casefold(column), part.casefold()) > 0
    return contains


def _view(marker: MarkerRow, recording: RecordingRow, speaker: str, programme: ProgrammeRow | None) -> MarkerView:
    about = programme if programme is not None else recording
    return MarkerView(
        recording=recording.path,
        title=about.title,
        subtitle=about.subtitle,
        channel=about.channel or recording.channel,
        started_at=recording.started_at,
        speaker=speaker,
        start_s=round(marker.start_s, 2),
        end_s=round(marker.end_s, 2),
        at_min=round(marker.start_s / 60, 1),
        score=round(marker.score, 3),
    )
