"""Related programmes: what is nearest to a title among the programmes of the database, and the markers in them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Select, exists, func, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute, Session

from voicemark.errors import DatabaseError
from voicemark.named import named
from voicemark.store.paths import path_to_text
from voicemark.store.schema import MarkerRow, ProgrammeRow, RecordingRow, VoiceRow
from voicemark.titles.series import SeriesNames, SeriesPart
from voicemark.titles.title_file import TitleReader

if TYPE_CHECKING:
    from voicemark.titles.model_file import TextModel

Floats = NDArray[np.float32]
ROWS_AT_ONCE = 1000
"""So many rows of an answer are in memory."""


@dataclass(frozen=True)
class RelatedMarker:
    """A marker in a related programme."""

    recording: str
    speaker: str
    start_s: float
    end_s: float
    at_min: float


@dataclass(frozen=True)
class RelatedProgramme:
    """A programme (all its showings together), how near it is, and who is marked in it."""

    similarity: float | None
    """Cosine of the titles' vectors; None without a model."""
    same_series: bool
    title: str
    subtitle: str | None
    series: str | None
    type: str | None
    showings: int
    last_start: datetime | None
    markers: tuple[RelatedMarker, ...]


@dataclass(frozen=True)
class Question:
    """What is asked for: a title, perhaps with a subtitle, and only programmes of a voice or a type."""

    title: str
    subtitle: str | None = None
    speaker: str | None = None
    """Part of a voice's name, in any case; only programmes with its markers."""
    type: str | None = None
    """A type, or part of a genre, in any case."""
    limit: int = 20


def title_of(session: Session, wanted: str) -> tuple[str, str | None]:
    """Title and subtitle that `wanted` means: those of a recording in the database, when it is the path of one."""
    path = path_to_text(named(Path(wanted)))
    recording = session.scalar(select(RecordingRow).where(RecordingRow.path == path))
    return (wanted, None) if recording is None else (recording.title, recording.subtitle)


@dataclass
class _Showings:
    """The showings of one programme, as they are found."""

    title: str
    subtitle: str
    same_series: bool
    similarity: float | None
    numbers: list[int] = field(default_factory=list)


def find_related(
    session: Session, model: "TextModel | TitleReader | None", question: Question
) -> list[RelatedProgramme]:
    """The programmes of the asked title's series first, then the others, the nearest first within each.

    Without a model those of its series alone. The programme that was asked for itself is left out where its series and
    part are known. Does not write to the database. Raises DatabaseError when no programme has a vector of this model
    yet.
    """
    of_model = true() if model is None else ProgrammeRow.title_model == model.model_id
    if model is not None and session.scalar(select(ProgrammeRow.id).where(of_model).limit(1)) is None:
        raise DatabaseError(
            "no programme has a vector of the present title model",
            hint="scan recordings first, or make vectors anew with: voicemark train titles --database",
        )
    known = session.scalars(select(ProgrammeRow.series).where(of_model, ProgrammeRow.series.is_not(None)).distinct())
    asked = SeriesNames(frozenset(filter(None, known))).part_of(question.title, question.subtitle)
    voices = (
        None
        if question.speaker is None
        else list(session.scalars(select(VoiceRow.id).where(_holds(VoiceRow.name, question.speaker))))
    )
    wanted = select(ProgrammeRow).where(of_model, *_wanted(question, voices))
    if model is None:
        if asked is None:
            return []
        wanted = wanted.where(ProgrammeRow.series == asked.series)
    direction = None if model is None else model.titles.embed([question.title])[0]
    found = sorted(
        _grouped(session, wanted, direction, asked),
        key=lambda one: (not one.same_series, -(one.similarity or 0.0), one.title, one.subtitle),
    )[: question.limit]
    return [_together(session, one, voices) for one in found]


def _wanted(question: Question, voices: Sequence[int] | None) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if question.type is not None:
        guessed = ProgrammeRow.type_guess == question.type.casefold()
        conditions.append(or_(guessed, _holds(ProgrammeRow.genre, question.type)))
    if voices is not None:
        conditions.append(
            exists().where(MarkerRow.programme_id == ProgrammeRow.id, MarkerRow.voice_id.in_(voices)),
        )
    return conditions


def _holds(column: InstrumentedAttribute[Any], part: str) -> ColumnElement[bool]:
    """`column` contains `part`, in any case (`casefold` is the function that is added to SQLite)."""
    contains: ColumnElement[bool] = func.instr(func.casefold(column), part.casefold()) > 0
    return contains


def _grouped(
    session: Session, wanted: Select[ProgrammeRow], direction: Floats | None, asked: SeriesPart | None
) -> Iterable[_Showings]:
    """Programmes with all their showings. Vectors are compared with `direction` (d,), where there is one, a block at a
    time and not kept."""
    columns = (
        ProgrammeRow.id,
        ProgrammeRow.series,
        ProgrammeRow.part,
        ProgrammeRow.title,
        ProgrammeRow.subtitle,
        ProgrammeRow.title_vector,
    )
    query = wanted.with_only_columns(*columns).order_by(ProgrammeRow.id)
    found: dict[tuple[object, ...], _Showings] = {}
    for rows in session.execute(query, execution_options={"yield_per": ROWS_AT_ONCE}).partitions():
        for row, similarity in zip(rows, _similarities([row.title_vector for row in rows], direction), strict=True):
            if asked is not None and asked.part and (row.series, row.part) == (asked.series, asked.part):
                continue
            key = _identity(row.series, row.part, row.title, row.subtitle)
            if (one := found.get(key)) is None:
                same_series = asked is not None and row.series == asked.series
                one = found[key] = _Showings(row.title, row.subtitle or "", same_series, similarity)
            if similarity is not None:
                one.similarity = max(one.similarity or similarity, similarity)
            one.numbers.append(row.id)
    return found.values()


def _similarities(vectors: Sequence[bytes | None], direction: Floats | None) -> Sequence[float | None]:
    """(n,) Cosines of vectors with `direction`; None each without one."""
    if direction is None:
        return [None] * len(vectors)
    stacked = np.frombuffer(b"".join(vector or b"" for vector in vectors), "<f4").reshape(len(vectors), -1)
    cosines: list[float | None] = (stacked @ direction).tolist()
    return cosines


def _identity(series: str | None, part: str | None, title: str, subtitle: str | None) -> tuple[object, ...]:
    """What showings of one programme share. Without a part (a daily show) every showing may be another edition."""
    return (series, part) if series and part else (series, title, subtitle)


def _together(session: Session, found: _Showings, voices: Sequence[int] | None) -> RelatedProgramme:
    """The showings of one programme as one line, told by the last of them."""
    number, last = max(
        (
            (number, start)
            for numbers in _batches(found.numbers)
            for number, start in session.execute(
                select(ProgrammeRow.id, ProgrammeRow.start_at).where(ProgrammeRow.id.in_(numbers))
            )
        ),
        key=lambda one: (one[1] is not None, one[1] and one[1].timestamp(), -one[0]),
    )
    columns = (ProgrammeRow.title, ProgrammeRow.subtitle, ProgrammeRow.series, ProgrammeRow.type_guess)
    told = session.execute(select(*columns).where(ProgrammeRow.id == number)).one()
    return RelatedProgramme(
        similarity=None if found.similarity is None else round(found.similarity, 3),
        same_series=found.same_series,
        title=told.title,
        subtitle=told.subtitle,
        series=told.series,
        type=told.type_guess,
        showings=len(found.numbers),
        last_start=last,
        markers=tuple(marker for numbers in _batches(found.numbers) for marker in _markers(session, numbers, voices)),
    )


def _markers(session: Session, programmes: Sequence[int], voices: Sequence[int] | None) -> list[RelatedMarker]:
    """The markers in these programmes, showing after showing, each in playing order."""
    query = (
        select(RecordingRow.path, VoiceRow.name, MarkerRow.start_s, MarkerRow.end_s)
        .join(RecordingRow, RecordingRow.id == MarkerRow.recording_id)
        .join(VoiceRow, VoiceRow.id == MarkerRow.voice_id)
        .where(MarkerRow.programme_id.in_(programmes))
        .order_by(MarkerRow.programme_id, RecordingRow.started_at, RecordingRow.path, MarkerRow.start_s)
    )
    if voices is not None:
        query = query.where(MarkerRow.voice_id.in_(voices))
    return [
        RelatedMarker(path, name, round(start_s, 2), round(end_s, 2), round(start_s / 60, 1))
        for path, name, start_s, end_s in session.execute(query)
    ]


def _batches(numbers: Sequence[int]) -> Iterator[Sequence[int]]:
    """So many at a time as SQLite takes parameters."""
    for first in range(0, len(numbers), ROWS_AT_ONCE):
        yield numbers[first : first + ROWS_AT_ONCE]
