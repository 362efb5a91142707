"""People across recordings, kept: read, linked (`voicemark.voice.linking`), written, by one at a time.

Reading is one moment's view, and nothing is locked while it is thought about: an archive of a thousand hours takes a
while. What came of it is written in one transaction with the note that it was done, and only if nothing has changed
since; else it is done again. So a kill loses and doubles nothing, and of two who link at once the second finds
everything done.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from voicemark.config import Config
from voicemark.store.database import Database
from voicemark.store.linkings import keep_linking, last_linking, linked_recordings, said_by_now
from voicemark.store.links import Linkable, is_any_unlinked, read_linkable, when_begun, write_links
from voicemark.store.unknown import forget_unknown, is_any_unknown
from voicemark.voice.linking import NOBODY, RULES, Linked, Speakers, link_all, link_new
from voicemark.voice.linking_sounds import LONGEST_S, noise_like
from voicemark.voice.recognise import Recogniser

TRIES = 3  # while others may write; the next one lets them wait
SMALL = 5_000  # local speakers, about 250 hours: up to so many, all are linked anew, which depends on no order
ANEW = 0.25  # of all local speakers: if more are new, in a larger archive too
GROWN = 0.05  # of all recordings: if more have come since all were linked anew, that is done again …
EVERY = timedelta(days=1)  # … but not more often


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
    """Whether, if people are wanted, there are recordings in which nobody was looked for yet, something was said of
    people since, or all are to be linked anew; or whether there is somebody to forget."""
    with database.reading() as session:
        if config.people.discover and _due(session, recogniser).any:
            return True
    before = _forgotten_before(config)
    return before is not None and _is_any_unknown(database, before)


def link_people(
    database: Database,
    recogniser: Recogniser,
    config: Config,
    *,
    anew: bool = False,
    at_leisure: bool = True,
    go_on: Callable[[], None] = lambda: None,
) -> LinkReport:
    """Find people in the recordings that are new, if that is wanted; forget who is unknown for too long.

    Whoever is nobody's is offered again to everybody who is there now when something was said of people, or voices have
    changed. `anew`: all are linked from the start, whatever the linking said before; without it that is done where
    enough is new, in a large archive at most once a day and only `at_leisure`, as it takes a while. `go_on` is called
    as it advances, and what it raises ends it with nothing written. Raises DatabaseError when the database cannot be
    used.
    """
    began = time.monotonic()
    erased, before = 0, _forgotten_before(config)
    if before is not None and _is_any_unknown(database, before):
        with database.writing() as session:
            erased = forget_unknown(session, before)
    report = LinkReport()
    if config.people.discover:
        report = _link(database, recogniser, _Asked(anew, at_leisure, go_on))
    return replace(report, erased=erased, seconds=time.monotonic() - began)


@dataclass(frozen=True)
class _Asked:
    """What a caller wants."""

    anew: bool
    at_leisure: bool
    go_on: Callable[[], None]


@dataclass(frozen=True)
class _Due:
    """What there is to do, by the database."""

    new: bool
    """There are recordings in which nobody was looked for yet."""
    said: bool
    """Something was said of people since, or voices have changed: whoever is nobody's is offered again."""
    anew: bool
    """All are to be linked anew when there is time."""

    @property
    def any(self) -> bool:
        """Is anything?"""
        return self.new or self.said or self.anew


def _due(session: Session, recogniser: Recogniser) -> _Due:
    last = last_linking(session)
    grown, now = False, datetime.now(UTC)
    if not now - EVERY < last.anew_at <= now:  # in the future: a clock was set back
        here = linked_recordings(session)
        grown = here - last.recordings > GROWN * here
    rules = last.rules != RULES and linked_recordings(session) > 0
    new = is_any_unlinked(session, recogniser.encoder.model_id)
    return _Due(new, last.said != _said(session, recogniser), grown or rules)


def _said(session: Session, recogniser: Recogniser) -> str:
    """What was said of people, and with which voices all are matched."""
    return f"{said_by_now(session)} {recogniser.match_key}"


def _is_any_unknown(database: Database, before: datetime) -> bool:
    with database.reading() as session:
        return is_any_unknown(session, before)


def _forgotten_before(config: Config) -> datetime | None:
    days = config.people.keep_unknown_days
    return None if days is None else datetime.now(UTC) - timedelta(days=days)


def _link(database: Database, recogniser: Recogniser, asked: _Asked) -> LinkReport:
    for _ in range(TRIES):
        with database.reading() as session:
            found = _read(session, recogniser, asked)
        if found is None:
            return LinkReport()
        linked = _linked(found, recogniser)
        with database.writing() as session:
            if read_linkable(session, recogniser.encoder.model_id).same_as(found.linkable):
                return _written(session, found, linked, recogniser)
    with database.writing() as session:  # The others write all the time: they are made to wait.
        found = _read(session, recogniser, asked)
        return LinkReport() if found is None else _written(session, found, _linked(found, recogniser), recogniser)


@dataclass(frozen=True)
class _Found:
    """What there is, and what is to be done with it."""

    linkable: Linkable
    begun: NDArray[np.float64]
    said: str
    anew: bool
    again: bool
    go_on: Callable[[], None]


def _read(session: Session, recogniser: Recogniser, asked: _Asked) -> _Found | None:
    """None where nothing is to be done. When each is first heard is read where it may tell a sound."""
    due = _due(session, recogniser)
    wanted = asked.anew or (due.anew and asked.at_leisure)
    if not (wanted or due.new or due.said):
        return None
    found = read_linkable(session, recogniser.encoder.model_id)
    anew = wanted or len(found) <= SMALL or bool(found.fresh.sum() > ANEW * len(found))
    short = bool(((found.fresh | anew) & (found.seconds <= LONGEST_S)).any())
    begun = when_begun(session, found) if short else np.zeros(len(found))
    return _Found(found, begun, _said(session, recogniser), anew, due.said, asked.go_on)


def _linked(found: _Found, recogniser: Recogniser) -> Linked:
    of = found.linkable
    noise = np.zeros(len(of), np.bool_)
    asked = np.flatnonzero(of.fresh | found.anew | (of.persons == NOBODY))
    cohort = recogniser.encoder.cohort
    rows = None if cohort is None else cohort.float().cpu().numpy()
    noise[asked] = noise_like(of.directions[asked], rows)
    speakers = Speakers(of.directions, of.seconds, found.begun, of.recordings, of.persons, of.fixed, noise, of.apart)
    if found.anew:
        return link_all(speakers, of.kinds, found.go_on)
    return link_new(speakers, of.kinds, of.fresh, found.again, found.go_on)


def _written(session: Session, found: _Found, linked: Linked, recogniser: Recogniser) -> LinkReport:
    now, of = datetime.now(UTC), found.linkable
    write_links(session, of, linked.persons, linked.scores, linked.kinds, recogniser.encoder.model_id, now)
    keep_linking(session, found.said, now if found.anew else None, RULES)
    kinds = list(linked.kinds.values())
    return LinkReport(
        int(of.fresh.sum()), int((linked.persons != of.persons).sum()), kinds.count("person"), kinds.count("sound")
    )
