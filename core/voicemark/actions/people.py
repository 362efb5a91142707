"""Who there is, for the command line and the page: people by number or name, where to listen, who may be whom.

Reads only, and knows no network: whoever shows people need not load one.
"""

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from voicemark.errors import VoicemarkError
from voicemark.store.people import PersonView, Place, find_person, hours_by, list_people, places_of
from voicemark.store.people_vectors import directions_of, named_directions, present_model
from voicemark.store.schema import RecordingRow

__all__ = ["NoSuchPersonError", "PersonDetail", "PersonView", "Place", "Question", "list_people", "places_of",
           "show_person"]  # fmt: skip

SAMPLES = 10
"""Of a person so many places are compared with others, of as many recordings as there are."""
LIKE = 0.45
"""Cosine of a whole local speaker's direction with a named voice from which on it may be the same person."""


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
class Question:
    """Is this person, who has no name, the one that is called `voice`?"""

    id: str
    """`person:other`, as an answer names it."""
    person: PersonView
    other: int
    """The number of who is called `voice`."""
    voice: str
    places: list[Place]
    """Of several recordings: never one alone where there are more."""
    agree: int
    of: int
    hours: float
    """How much would have a name then."""


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
        looks_like=_looks_like(session, person) if view.name is None else [],
    )


def _looks_like(session: Session, person: int) -> list[tuple[str, int, int]]:
    model_id = present_model(session)
    if model_id is None:
        return []
    mine = directions_of(session, person, model_id, SAMPLES)
    if not len(mine):
        return []
    votes: Counter[str] = Counter()
    _, names, theirs = named_directions(session, model_id)
    for voice in nearest(mine, theirs):
        if voice is not None:
            votes[names[voice]] += 1
    return [(name, agree, len(mine)) for name, agree in votes.most_common(3)]


def nearest(samples: NDArray[np.float32], voices: NDArray[np.float32]) -> list[int | None]:
    """Of each sample (n, d) the voice (v, d) that it is nearest to; None where it is near none. Rows of length 1."""
    if not len(voices):
        return [None] * len(samples)
    cosines = samples @ voices.T
    best = cosines.argmax(axis=1)
    return [int(k) if cosines[row, k] >= LIKE else None for row, k in enumerate(best)]
