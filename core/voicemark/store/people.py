"""Questions about people: who there is, where somebody is heard, and where to listen."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, Select, func, select, table
from sqlalchemy import column as column_of
from sqlalchemy.orm import InstrumentedAttribute, Session

from voicemark.store.schema import LocalSpeakerRow, RecordingRow, TurnRow
from voicemark.store.schema_acts import ActChangeRow, ActRow
from voicemark.store.schema_base import UtcDateTime
from voicemark.store.schema_people import MembershipRow, PersonRow

Order = Literal["hours", "recordings", "last_heard", "name", "person"]

SHORT_S, LONG_S = 3.0, 12.0
"""A place to listen to is a turn of so many seconds where there is one, and never more of it."""


@dataclass(frozen=True)
class PersonView:
    """A person as people see it; the columns of the view `people`, in its order."""

    person: int
    """The number; never used twice."""
    name: str | None
    kind: str
    """person, sound or ignored."""
    recordings: int
    hours: float
    first_heard: datetime | None
    last_heard: datetime | None
    mostly_in: str | None
    """The title of which most is heard."""

    @property
    def called(self) -> str:
        """The name, else a kind and a number."""
        return self.name or f"{'sound' if self.kind == 'sound' else 'voice'} {self.person}"


@dataclass(frozen=True)
class Place:
    """A span in which somebody can be listened to."""

    recording_id: int
    path: str
    """As `recordings.path` has it."""
    title: str
    started_at: datetime | None
    start_s: float
    end_s: float
    score: float | None
    """How surely the local speaker is the person; None where a person said so."""
    local_speaker: int = 0
    """Who speaks there, within the recording."""


_MOMENT = UtcDateTime()
_PEOPLE = table(
    "people",
    column_of("person"), column_of("name"), column_of("kind"), column_of("recordings"), column_of("hours"),
    column_of("first_heard", _MOMENT), column_of("last_heard", _MOMENT), column_of("mostly_in"),
)  # fmt: skip


def list_people(
    session: Session,
    kind: str | None = None,
    named: bool | None = None,
    min_recordings: int = 1,
    order: Order = "hours",
    limit: int | None = None,
    offset: int = 0,
) -> list[PersonView]:
    """Everybody who is heard in so many recordings and more, most-heard first. Does not write to the database.

    `min_recordings` is not asked of who has a name. `order`: by `name` those without one come last.
    """
    enough = _PEOPLE.c.recordings >= min_recordings
    shown = select(_PEOPLE.c.person).where(enough if named is False else enough | _PEOPLE.c.name.is_not(None))
    if kind is not None:
        shown = shown.where(_PEOPLE.c.kind == kind)
    if named is not None:
        shown = shown.where(_PEOPLE.c.name.is_not(None) if named else _PEOPLE.c.name.is_(None))
    in_order = (*_ordered(order), _PEOPLE.c.person)
    shown = shown.order_by(*in_order).limit(limit).offset(offset)
    # In two steps, so that what is dear (where somebody is mostly heard) is worked out for those alone that are shown.
    query = select(_PEOPLE).where(_PEOPLE.c.person.in_(shown)).order_by(*in_order)
    return [PersonView(*row) for row in session.execute(query)]


def find_person(session: Session, person: int) -> PersonView | None:
    """One of them; None where there is nobody of that number."""
    row = session.execute(select(_PEOPLE).where(_PEOPLE.c.person == person)).one_or_none()
    return None if row is None else PersonView(*row)


def voice_called(session: Session, name: str) -> PersonView | None:
    """Who has this name, in any case where nobody is called exactly so."""
    alike = _PEOPLE.c.name.is_not(None) & (func.casefold(_PEOPLE.c.name) == name.casefold())
    exactly_first = (_PEOPLE.c.name == name).desc()
    row = session.execute(select(_PEOPLE).where(alike).order_by(exactly_first).limit(1)).one_or_none()
    return None if row is None else PersonView(*row)


def merged_into(session: Session, person: int) -> int | None:
    """With whom somebody is one who is not there any more, as the log of acts has it."""
    gone = (
        select(ActRow.id)
        .join(ActChangeRow, ActChangeRow.act_id == ActRow.id)
        .where(ActChangeRow.subject == PersonRow.__tablename__, ActChangeRow.key == json.dumps({"id": person}))
        .where(ActChangeRow.after.is_(None), ActRow.undone_at.is_(None))
        .order_by(ActRow.id.desc())
        .limit(1)
    ).scalar_subquery()
    whose = func.json_extract(ActChangeRow.after, "$.person_id")
    moved = select(whose).where(ActChangeRow.act_id == gone, ActChangeRow.subject == MembershipRow.__tablename__)
    return session.scalar(moved.where(whose.is_not(None)).limit(1))


def places_of(session: Session, persons: Sequence[int], at_most: int = 3) -> dict[int, list[Place]]:
    """Where to listen to each of `persons`: their longest speakers first, each of another recording as far as there
    are so many."""
    if not persons:
        return {}
    speakers = _longest_of(persons, at_most).subquery()
    seconds = TurnRow.end_s - TurnRow.start_s
    best = func.row_number().over(
        partition_by=(TurnRow.recording_id, TurnRow.local_speaker),
        order_by=(func.min(seconds, SHORT_S).desc(), func.abs(seconds - LONG_S), TurnRow.number),
    )
    query = (
        select(
            speakers.c.person_id, speakers.c.score, speakers.c.place, RecordingRow.id, RecordingRow.path,
            RecordingRow.title, RecordingRow.started_at, TurnRow.start_s, TurnRow.end_s, TurnRow.local_speaker,
            best.label("best"),
        )
        .join(RecordingRow, RecordingRow.id == speakers.c.recording_id)
        .join(
            TurnRow,
            (TurnRow.recording_id == speakers.c.recording_id) & (TurnRow.local_speaker == speakers.c.number),
        )
        .where(speakers.c.place <= at_most)
    ).subquery()  # fmt: skip
    rows = session.execute(
        select(query).where(query.c.best <= at_most).order_by(query.c.best, query.c.place, query.c.start_s)
    )
    found: dict[int, list[Place]] = {person: [] for person in persons}
    for row in rows:
        if len(found[row.person_id]) < at_most:
            found[row.person_id].append(_place(row))
    return found


def _longest_of(persons: Sequence[int], at_most: int) -> Select[Any]:
    """The local speakers of each person, numbered by `place`: the longest of each recording first, the longest of those
    before others. Of most people the turns of a few are read, not those of thousands."""
    seconds = LocalSpeakerRow.seconds.desc()
    there = (
        select(
            MembershipRow.person_id, MembershipRow.recording_id, MembershipRow.number, MembershipRow.score,
            LocalSpeakerRow.seconds,
            func.row_number()
            .over(partition_by=(MembershipRow.person_id, MembershipRow.recording_id), order_by=seconds)
            .label("theirs"),
        )
        .join(
            LocalSpeakerRow,
            (LocalSpeakerRow.recording_id == MembershipRow.recording_id)
            & (LocalSpeakerRow.number == MembershipRow.number),
        )
        .join(RecordingRow, RecordingRow.id == MembershipRow.recording_id)
        .where(MembershipRow.person_id.in_(persons), RecordingRow.deleted_at.is_(None))
    ).subquery()  # fmt: skip
    order = (there.c.theirs, there.c.seconds.desc(), there.c.recording_id, there.c.number)
    place = func.row_number().over(partition_by=there.c.person_id, order_by=order)
    return select(there, place.label("place")).where(there.c.theirs <= at_most)


def places_in(session: Session, recording_id: int, number: int, at_most: int = 3) -> list[Place]:
    """Where to listen to a local speaker of one recording, in order of time."""
    seconds = TurnRow.end_s - TurnRow.start_s
    rows = session.execute(
        select(
            RecordingRow.id, RecordingRow.path, RecordingRow.title, RecordingRow.started_at, TurnRow.start_s,
            TurnRow.end_s, TurnRow.local_speaker, MembershipRow.score,
        )
        .join(TurnRow, TurnRow.recording_id == RecordingRow.id)
        .outerjoin(
            MembershipRow,
            (MembershipRow.recording_id == TurnRow.recording_id) & (MembershipRow.number == TurnRow.local_speaker),
        )
        .where(RecordingRow.id == recording_id, TurnRow.local_speaker == number)
        .order_by(func.min(seconds, SHORT_S).desc(), func.abs(seconds - LONG_S), TurnRow.number)
        .limit(at_most)
    )  # fmt: skip
    return sorted(map(_place, rows), key=lambda place: place.start_s)


def hours_by(
    session: Session, person: int, of: ColumnElement[Any] | InstrumentedAttribute[Any], at_most: int | None = None
) -> list[tuple[Any, float]]:
    """For how many hours the person is heard, by an expression over `recordings`; most first."""
    query = (
        select(of, func.sum(LocalSpeakerRow.seconds) / 3600)
        .select_from(MembershipRow)
        .join(RecordingRow, RecordingRow.id == MembershipRow.recording_id)
        .join(
            LocalSpeakerRow,
            (LocalSpeakerRow.recording_id == MembershipRow.recording_id)
            & (LocalSpeakerRow.number == MembershipRow.number),
        )
        .where(MembershipRow.person_id == person)
        .group_by(of)
        .order_by(func.sum(LocalSpeakerRow.seconds).desc(), of)
        .limit(at_most)
    )
    return [(key, float(hours)) for key, hours in session.execute(query)]


def _ordered(order: Order) -> tuple[ColumnElement[Any], ...]:
    columns: Mapping[str, tuple[ColumnElement[Any], ...]] = {
        "hours": (_PEOPLE.c.hours.desc(),),
        "recordings": (_PEOPLE.c.recordings.desc(), _PEOPLE.c.hours.desc()),
        "last_heard": (_PEOPLE.c.last_heard.desc(),),
        "name": (_PEOPLE.c.name.is_(None), func.casefold(_PEOPLE.c.name)),
        "person": (),
    }
    return columns[order]


def _place(row: Any) -> Place:
    start_s, end_s = round(row.start_s, 2), round(min(row.end_s, row.start_s + LONG_S), 2)
    return Place(row.id, row.path, row.title, row.started_at, start_s, end_s, row.score, row.local_speaker)
