"""Questions that the command line asks; people ask the same of the views with `sqlite3`."""

import json
import sqlite3
from collections.abc import Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from voicemark.errors import RecordingError
from voicemark.store.moments import kept, moment_or_none
from voicemark.store.paths import path_to_text, text_to_path

# A recording's number is `+recordings.id` where the plus keeps SQLite from looking recordings up by it, out of their
# order: all that is found would have to be sorted before the first is there.
_MARKERS = """
SELECT recordings.path,
       CASE WHEN programmes.id IS NULL THEN recordings.title ELSE programmes.title END,
       CASE WHEN programmes.id IS NULL THEN recordings.subtitle ELSE programmes.subtitle END,
       coalesce(programmes.channel, recordings.channel),
       recordings.started_at, markers.voice_id, markers.start_s, markers.end_s, markers.score, markers.id
  FROM recordings
  JOIN markers ON markers.recording_id = +recordings.id
  LEFT JOIN programmes ON programmes.id = markers.programme_id
 WHERE {conditions}
 ORDER BY recordings.started_at, recordings.path, markers.start_s
"""
# Programmes are looked through once and lead to their recordings; of other recordings no marker is read.
_IN_RECORDINGS_OF = (
    """+recordings.id IN (SELECT led.recording_id FROM markers AS led WHERE led.programme_id IN ({theirs}))"""
)
NUMBERS = "a marker that changes when its recording is matched anew gets another number; `voicemark markers` lists them"
"""What whoever names a marker by a number that it has not has to know."""


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
    """In the database, as long as a match of its recording gives the same marker; never used again for another."""


def find_markers(connection: sqlite3.Connection, wanted: MarkerFilter) -> Generator[MarkerView, None, None]:
    """The markers that `wanted` lets through, by recording and time, as they are read: take them within the snapshot.
    Who does not take them all closes it; else the snapshot is held.

    Recordings are gone through in their order by an index, so the first marker is there before the last is looked at.
    Does not write to the database.
    """
    names: dict[int, str] = dict(connection.execute("SELECT id, name FROM voices"))
    conditions, values = _conditions(wanted, names)
    query = _MARKERS.format(conditions=" AND ".join(conditions) or "TRUE")
    before, begun = None, None
    with closing(connection.execute(query, values)) as rows:
        for path, title, subtitle, channel, started_at, voice, start_s, end_s, score, number in rows:
            if started_at != before:  # the same for all markers of a recording
                before, begun = started_at, moment_or_none(started_at)
            yield MarkerView(
                recording=path,
                title=title,
                subtitle=subtitle,
                channel=channel,
                started_at=begun,
                speaker=names[voice],
                start_s=round(start_s, 2),
                end_s=round(end_s, 2),
                at_min=round(start_s / 60, 1),
                score=round(score, 3),
                id=number,
            )


def place_of_marker(connection: sqlite3.Connection, number: int) -> tuple[Path, float]:
    """The recording of a marker, by its number, and where in it (seconds) it begins. Raises `RecordingError`."""
    query = "SELECT path, start_s FROM markers JOIN recordings ON recordings.id = recording_id WHERE markers.id = ?"
    found = connection.execute(query, (number,)).fetchone() if number < 1 << 63 else None
    if found is None:
        raise RecordingError(f"there is no marker {number}", hint=NUMBERS)
    return text_to_path(found[0]), found[1]


def _conditions(wanted: MarkerFilter, names: Mapping[int, str]) -> tuple[list[str], dict[str, Any]]:
    """What has to hold, in SQL, and the values that it names."""
    conditions: list[str] = []
    values: dict[str, Any] = {}
    if wanted.speaker is not None:
        part = wanted.speaker.casefold()
        numbers = [number for number, name in names.items() if part in name.casefold()]
        conditions.append(f"markers.voice_id IN ({', '.join(map(str, numbers))})")
    if wanted.title is not None:
        values["title"] = wanted.title.casefold()
        conditions.append(_told_by_either("title", "title", "subtitle"))
    if wanted.channel is not None:
        values["channel"] = wanted.channel.casefold()
        conditions.append(_told_by_either("channel", "channel"))
    if wanted.since is not None:
        values["since"] = kept(wanted.since)
        conditions.append("recordings.started_at >= :since")
    if wanted.recording is not None:
        values["recording"] = wanted.recording.casefold()
        conditions.append(_any_holds("recordings", "recording", "path"))
    if wanted.type is not None:
        values["type"] = wanted.type.casefold()
        theirs = _programmes_that_hold("type", "genre", "type_guess")
        conditions += [_IN_RECORDINGS_OF.format(theirs=theirs), f"markers.programme_id IN ({theirs})"]
    if wanted.paths is not None:
        # One value, whatever their number: SQLite has a limit.
        values["paths"] = json.dumps([path_to_text(path) for path in wanted.paths])
        conditions.append("recordings.path IN (SELECT value FROM json_each(:paths))")
    if wanted.after is not None:
        started_at, values["after"] = wanted.after
        if started_at is None:  # Recordings without a beginning come first.
            conditions.append("(recordings.started_at IS NOT NULL OR recordings.path > :after)")
        else:
            values["begun"] = kept(started_at)
            conditions.append("(recordings.started_at, recordings.path) > (:begun, :after)")
    return conditions, values


def _told_by_either(value: str, *columns: str) -> str:
    """A column of the marker's programme holds `value`; or, where the first is empty, that of its recording does."""
    theirs = _programmes_that_hold(value, *columns)
    own = _any_holds("recordings", value, columns[0])
    return (
        f"({_IN_RECORDINGS_OF.format(theirs=theirs)} OR {own}) "
        f"AND (markers.programme_id IN ({theirs}) OR (programmes.{columns[0]} IS NULL AND {own}))"
    )


def _programmes_that_hold(value: str, *columns: str) -> str:
    return f"SELECT shown.id FROM programmes AS shown WHERE {_any_holds('shown', value, *columns)}"


def _any_holds(table: str, value: str, *columns: str) -> str:
    """In any case; `casefold` is the function that `voicemark.store.sqlite_file` adds to SQLite."""
    return f"({' OR '.join(f'instr(casefold({table}.{column}), :{value}) > 0' for column in columns)})"
