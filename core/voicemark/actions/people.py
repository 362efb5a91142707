"""Who there is, for the command line and the page: people by number or name, where to listen, who may be whom.

Reads only, and knows no network: whoever shows people need not load one.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from voicemark.actions.questions import Question, looks_like, questions
from voicemark.errors import VoicemarkError
from voicemark.store.people import PersonView, Place, find_person, hours_by, list_people, places_of
from voicemark.store.schema import RecordingRow
from voicemark.store.schema_acts import ActRow

__all__ = [
    "LoggedAct", "NoSuchPersonError", "PersonDetail", "PersonLine", "PersonView", "Place", "Question", "act_of",
    "list_acts", "list_people", "places_of", "questions", "show_person",
]  # fmt: skip


class NoSuchPersonError(VoicemarkError):
    """There is nobody of that number, or nobody any more."""


@dataclass(frozen=True)
class PersonDetail:
    """All that is shown of one person."""

    view: PersonView
    places: list[Place]
    """Where to listen, of several recordings."""
    recordings: list[tuple[str, str, float]]
    """Path, title and hours, most first."""
    by_month: list[tuple[str, float]]
    """`YYYY-MM` and hours, in order of time; recordings without a date are left out."""
    by_programme: list[tuple[str, float]]
    """Title and hours, most first."""
    looks_like: list[tuple[str, int, int]]
    """Of who has no name: a name, how many places say so, and of how many; the likeliest first."""


@dataclass(frozen=True)
class PersonLine(PersonView):
    """A person, and where to listen to it."""

    places: list[Place]


@dataclass(frozen=True)
class LoggedAct:
    """What somebody did."""

    id: int
    at: datetime
    by: str
    message: str
    undone_at: datetime | None


def list_acts(session: Session, at_most: int = 30) -> list[LoggedAct]:
    """What was said of people, the last first."""
    rows = session.scalars(select(ActRow).order_by(ActRow.id.desc()).limit(at_most))
    return [LoggedAct(row.id, row.at, row.by, row.message, row.undone_at) for row in rows]


def act_of(session: Session, number: int) -> LoggedAct | None:
    """What was done under this number; None where nothing was."""
    row = session.get(ActRow, number) if 0 < number < 1 << 63 else None
    return None if row is None else LoggedAct(row.id, row.at, row.by, row.message, row.undone_at)


def show_person(session: Session, person: int, at_most: int = 8) -> PersonDetail:
    """Raises `NoSuchPersonError`."""
    view = find_person(session, person)
    if view is None:
        raise NoSuchPersonError(f"there is no voice {person}", hint="`voicemark people` lists them")
    months = hours_by(session, person, func.strftime("%Y-%m", RecordingRow.started_at))
    paths = hours_by(session, person, RecordingRow.path)
    titles = dict(
        session.execute(
            select(RecordingRow.path, RecordingRow.title).where(RecordingRow.path.in_([p for p, _ in paths]))
        ).all()
    )
    return PersonDetail(
        view=view,
        places=places_of(session, [person], at_most)[person],
        recordings=[(path, titles[path], hours) for path, hours in paths],
        by_month=sorted((month, hours) for month, hours in months if month is not None),
        by_programme=hours_by(session, person, RecordingRow.title),
        looks_like=looks_like(session, person) if view.name is None else [],
    )
