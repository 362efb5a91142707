"""Related programmes: what is nearest to a title among the programmes of the database, and the markers in them."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from voicemark.errors import DatabaseError
from voicemark.store.paths import path_to_text
from voicemark.store.schema import MarkerRow, ProgrammeRow, RecordingRow, VoiceRow
from voicemark.titles.model_file import TextModel
from voicemark.titles.series import SeriesNames, SeriesPart


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

    similarity: float
    """Cosine of the titles' vectors."""
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
    path = path_to_text(Path(wanted).absolute())
    recording = session.scalar(select(RecordingRow).where(RecordingRow.path == path))
    return (wanted, None) if recording is None else (recording.title, recording.subtitle)


def find_related(session: Session, model: TextModel, question: Question) -> list[RelatedProgramme]:
    """The programmes of the asked title's series first, then the others, the nearest first within each.

    The programme that was asked for itself is left out where its series and part are known. Does not write to the
    database. Raises DatabaseError when no programme has a vector of this model yet.
    """
    rows = session.scalars(select(ProgrammeRow).where(ProgrammeRow.title_model == model.model_id)).all()
    if not rows:
        raise DatabaseError(
            "no programme has a vector of the present title model",
            hint="scan recordings first, or make vectors anew with: voicemark train titles --database",
        )
    asked = SeriesNames(frozenset(row.series for row in rows if row.series)).part_of(question.title, question.subtitle)
    markers = _markers(session, question.speaker)
    wanted = [row for row in rows if _is_wanted(row, question) and not _is_asked(row, asked)]
    if not wanted:
        return []
    vectors = np.frombuffer(b"".join(row.title_vector or b"" for row in wanted), "<f4").reshape(len(wanted), -1)
    similarity = vectors @ model.titles.embed([question.title])[0]
    showings: dict[tuple[object, ...], list[int]] = defaultdict(list)
    for number, row in enumerate(wanted):
        showings[_identity(row)].append(number)
    found = [
        _together([wanted[n] for n in numbers], float(similarity[numbers].max()), asked, markers)
        for numbers in showings.values()
    ]
    if question.speaker is not None:
        found = [programme for programme in found if programme.markers]
    found.sort(key=lambda p: (not p.same_series, -p.similarity, p.title, p.subtitle or ""))
    return found[: question.limit]


def _together(
    rows: Sequence[ProgrammeRow],
    similarity: float,
    asked: SeriesPart | None,
    markers: dict[int, list[RelatedMarker]],
) -> RelatedProgramme:
    """The showings of one programme as one line."""
    last = max(rows, key=lambda row: (row.start_at is not None, row.start_at and row.start_at.timestamp()))
    return RelatedProgramme(
        similarity=round(similarity, 3),
        same_series=asked is not None and last.series == asked.series,
        title=last.title,
        subtitle=last.subtitle,
        series=last.series,
        type=last.type_guess,
        showings=len(rows),
        last_start=last.start_at,
        markers=tuple(marker for row in rows for marker in markers.get(row.id, ())),
    )


def _identity(row: ProgrammeRow) -> tuple[object, ...]:
    """What showings of one programme share. Without a part (a daily show) every showing may be another edition."""
    return (row.series, row.part) if row.series and row.part else (row.series, row.title, row.subtitle)


def _is_asked(row: ProgrammeRow, asked: SeriesPart | None) -> bool:
    return asked is not None and bool(asked.part) and (row.series, row.part) == (asked.series, asked.part)


def _is_wanted(row: ProgrammeRow, question: Question) -> bool:
    if question.type is None:
        return True
    wanted = question.type.casefold()
    return wanted == (row.type_guess or "") or wanted in (row.genre or "").casefold()


def _markers(session: Session, speaker: str | None) -> dict[int, list[RelatedMarker]]:
    """Markers by programme, in playing order."""
    query = (
        select(MarkerRow, RecordingRow.path, VoiceRow.name)
        .join(RecordingRow, RecordingRow.id == MarkerRow.recording_id)
        .join(VoiceRow, VoiceRow.id == MarkerRow.voice_id)
        .where(MarkerRow.programme_id.is_not(None))
        .order_by(RecordingRow.started_at, RecordingRow.path, MarkerRow.start_s)
    )
    found: dict[int, list[RelatedMarker]] = defaultdict(list)
    for marker, path, name in session.execute(query):
        programme = marker.programme_id
        if programme is not None and (speaker is None or speaker.casefold() in name.casefold()):
            start_s, end_s = round(marker.start_s, 2), round(marker.end_s, 2)
            at_min = round(marker.start_s / 60, 1)
            found[programme].append(RelatedMarker(path, name, start_s, end_s, at_min))
    return found
