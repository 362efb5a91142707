"""People across recordings, kept: read, linked (`voicemark.voice.linking`), written, by one at a time.

Reading is one moment's view, and nothing is locked while it is thought about: an archive of a thousand hours takes a
while. What came of it is written in one transaction with the note that it was done, and only if nothing has changed
since; else it is done again. So a kill loses and doubles nothing, and of two who link at once the second finds
everything done.
"""

import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from voicemark.config import Config
from voicemark.store.database import Database
from voicemark.store.links import Linkable, is_any_unlinked, read_linkable, when_begun, write_links
from voicemark.store.unknown import forget_unknown, is_any_unknown
from voicemark.voice.linking import NOBODY, Linked, Speakers
from voicemark.voice.linking import link_all as all_linked
from voicemark.voice.linking import link_new as new_linked
from voicemark.voice.linking_sounds import LONGEST_S, noise_like
from voicemark.voice.quantisation import restore
from voicemark.voice.recognise import Recogniser

TRIES = 3  # while others may write; the next one lets them wait
SMALL = 5_000  # local speakers, about 250 hours: up to so many, all are linked anew, which depends on no order
ANEW = 0.25  # of all local speakers: if more are new, in a larger archive too


@dataclass(frozen=True)
class LinkReport:
    """What was done."""

    local_speakers: int = 0
    """How many were looked at for the first time."""
    placed: int = 0
    """How many are somebody's who were nobody's, or somebody else's."""
    people: int = 0
    """How many people are new."""
    sounds: int = 0
    erased: int = 0
    """How many who are nobody's, or of people without a name, were forgotten."""
    seconds: float = 0.0


def is_link_due(database: Database, recogniser: Recogniser, config: Config) -> bool:
    """Whether there are recordings in which nobody was looked for yet, if that is wanted, or somebody to forget."""
    with database.reading() as session:
        if config.people.discover and is_any_unlinked(session, recogniser.encoder.model_id):
            return True
        before = _forgotten_before(config)
        return before is not None and is_any_unknown(session, before)


def link_people(
    database: Database, recogniser: Recogniser, config: Config, *, anew: bool = False, again: bool = False
) -> LinkReport:
    """Find people in the recordings that are new, if that is wanted; forget who is unknown for too long.

    `anew`: in all recordings, from the start, whatever the linking said before. `again`: whoever is nobody's is offered
    to everybody who is there now, as after a naming. Raises DatabaseError when the database cannot be used.
    """
    began = time.monotonic()
    erased, before = 0, _forgotten_before(config)
    if before is not None:
        with database.writing() as session:
            erased = forget_unknown(session, before)
    report = _link(database, recogniser, anew, again) if config.people.discover else LinkReport()
    return replace(report, erased=erased, seconds=time.monotonic() - began)


def link_new(database: Database, recogniser: Recogniser, config: Config) -> LinkReport:
    """`link_people` with the recordings that are new."""
    return link_people(database, recogniser, config)


def link_all(database: Database, recogniser: Recogniser, config: Config) -> LinkReport:
    """`link_people` with all recordings."""
    return link_people(database, recogniser, config, anew=True)


def _forgotten_before(config: Config) -> datetime | None:
    days = config.people.keep_unknown_days
    return None if days is None else datetime.now(UTC) - timedelta(days=days)


def _link(database: Database, recogniser: Recogniser, anew: bool, again: bool) -> LinkReport:
    model_id = recogniser.encoder.model_id
    for _ in range(TRIES):
        with database.reading() as session:
            if not (anew or again or is_any_unlinked(session, model_id)):
                return LinkReport()
            found, begun = _read(session, model_id, anew)
        linked = _linked(found, begun, recogniser, anew, again)
        with database.writing() as session:
            if read_linkable(session, model_id).same_as(found):
                return _written(session, found, linked, model_id)
    with database.writing() as session:  # The others write all the time: they are made to wait.
        found, begun = _read(session, model_id, anew)
        return _written(session, found, _linked(found, begun, recogniser, anew, again), model_id)


def _read(session: Session, model_id: str, anew: bool) -> tuple[Linkable, NDArray[np.float64]]:
    """What there is, and when each is first heard where that may tell a sound."""
    found = read_linkable(session, model_id)
    short = bool(((found.fresh | anew) & (found.seconds <= LONGEST_S)).any())
    return found, when_begun(session, found) if short else np.zeros(len(found))


def _linked(found: Linkable, begun: NDArray[np.float64], recogniser: Recogniser, anew: bool, again: bool) -> Linked:
    anew |= len(found) <= SMALL or bool(found.fresh.sum() > ANEW * len(found))
    noise = np.zeros(len(found), np.bool_)
    asked = np.flatnonzero(found.fresh | anew | (found.persons == NOBODY))
    cohort = recogniser.encoder.cohort
    rows = None if cohort is None else cohort.float().cpu().numpy()
    noise[asked] = noise_like(restore(found.directions[asked]), rows)
    speakers = Speakers(
        found.directions, found.seconds, begun, found.recordings, found.persons, found.fixed, noise, found.apart
    )
    return all_linked(speakers, found.kinds) if anew else new_linked(speakers, found.kinds, found.fresh, again)


def _written(session: Session, found: Linkable, linked: Linked, model_id: str) -> LinkReport:
    write_links(session, found, linked.persons, linked.scores, linked.kinds, model_id, datetime.now(UTC))
    kinds = list(linked.kinds.values())
    return LinkReport(
        int(found.fresh.sum()),
        int((linked.persons != found.persons).sum()),
        kinds.count("person"),
        kinds.count("sound"),
    )
