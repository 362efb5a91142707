"""The work in hand while people are linked: who is whose by now, and the steps by which that grows.

Every step keeps to the same rules: nobody is given two local speakers of one recording, nor one that a person said is
somebody else; and who is somebody's stays there.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from voicemark.voice.linking_evidence import Means, likely, likeness, likeness_without, means_of
from voicemark.voice.linking_merge import agglomerate, near
from voicemark.voice.linking_products import nothing
from voicemark.voice.linking_sounds import ALIKE, LONGEST_S, Places, sounds_among
from voicemark.voice.quantisation import restore

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]

NOBODY = -1
PERSON, SOUND, IGNORED = "person", "sound", "ignored"

CORE_S = 60.0  # of speech that somebody has in all
CORES = (3, 2)  # recordings in which somebody is heard, the first first
JOIN = 50.0  # logarithm of the odds from which two are one person, or one is somebody's
MARGIN = 20.0  # by which whoever is next likest must be worse


@dataclass(frozen=True)
class Speakers:
    """Local speakers of many recordings, n of them."""

    directions: NDArray[np.int8]
    """(n, d), as they are kept (`voicemark.voice.quantisation`)."""
    seconds: NDArray[np.float64]
    """(n,) how long each speaks."""
    begins_s: NDArray[np.float64]
    """(n,) when each is first heard, after the last programme, or else the recording, began."""
    recordings: Ints
    """(n,) whose recording, by any numbers."""
    persons: Ints
    """(n,) whose each is now; `NOBODY`."""
    fixed: NDArray[np.bool_]
    """(n,) whether it is not a machine's to change."""
    noise: NDArray[np.bool_]
    """(n,) whether it is nearer to music and noise than to anybody's voice (`voicemark.voice.linking_sounds`)."""
    apart: frozenset[tuple[int, int]] = frozenset()
    """Which of them (by place) is not which person, because a person said so."""

    def __len__(self) -> int:
        return len(self.seconds)

    @property
    def without_machine(self) -> "Speakers":
        """As if nothing but what is fixed were known."""
        return replace(self, persons=np.where(self.fixed, self.persons, NOBODY))


class LinkState:
    """Who is whose by now. New persons are numbered −2, −3, …"""

    def __init__(self, speakers: Speakers, kinds: Mapping[int, str], go_on: Callable[[], None] = nothing) -> None:
        """`go_on` is called as the work advances; what it raises ends it."""
        self.speakers, self._go_on = speakers, go_on
        self.persons = speakers.persons.copy()
        self.kinds = dict(kinds)
        self.grown: set[int] = set()
        """Persons who are new, or were given somebody."""
        self._means = means_of(speakers.directions, speakers.seconds)
        self._members: dict[int, list[int]] = {}
        self._recordings: dict[int, set[int]] = {}
        self._barred: dict[int, set[int]] = {}
        self._made = 0
        for k in np.flatnonzero(speakers.persons != NOBODY).tolist():
            self._add(k, int(speakers.persons[k]))
        for k, person in speakers.apart:
            self._barred.setdefault(k, set()).add(person)

    @property
    def nobodys(self) -> Ints:
        """Places of those who are nobody's."""
        return np.flatnonzero(self.persons == NOBODY)

    def free(self, places: Ints) -> Ints:
        """Those of the places who are nobody's."""
        return np.asarray(places[self.persons[places] == NOBODY], np.int64)

    def find_sounds(self, fresh: Ints) -> None:
        """Sounds that the fresh ones are: of those that are known first, then new ones."""
        if not len(fresh):
            return
        units = restore(self.speakers.directions)
        short = fresh[self.speakers.seconds[fresh] <= LONGEST_S]
        for person in self._of(SOUND):
            middle = units[self._members[person]].mean(axis=0)
            cosines = units[short] @ middle / max(float(np.linalg.norm(middle)), 1e-9)
            for k in short[cosines >= ALIKE].tolist():
                self._give(k, person)
        free = self.nobodys
        places = Places(self.speakers.recordings[free], self.speakers.seconds[free], self.speakers.begins_s[free])
        for part in sounds_among(units[free], places, np.isin(free, fresh), self._go_on):
            person = self._new(SOUND)
            for k in free[part].tolist():
                self._give(k, person)

    def voices(self, places: Ints) -> Ints:
        """Those of the places who may be somebody: not noise."""
        return places[~self.speakers.noise[places]]

    def noises(self, places: Ints) -> Ints:
        """Those of the places that are noise."""
        return places[self.speakers.noise[places]]

    def neighbours(self, places: Ints, among: Ints, steps: int) -> Ints:
        """The places, and who of `among` is likely to be one person with them, or with those who are, step by step."""
        found = np.isin(among, places)
        latest = np.flatnonzero(found)
        rest = self._means.only(among)
        for _ in range(steps):
            if not len(latest):
                break
            _, columns, _ = likely(rest.only(latest), rest, JOIN)
            latest = np.setdiff1d(columns, np.flatnonzero(found))
            found[latest] = True
        return among[found]

    def form(self, free: Ints, kind: str) -> None:
        """Make people (or sounds) of those who are free; those who are there may grow by them."""
        there = self._of(kind)
        nodes = [self._members[person] for person in there] + [[k] for k in free.tolist()]
        whose = [{person} for person in there] + [set[int]() for _ in range(len(free))]
        recordings = [set(self._recordings[person]) for person in there]
        recordings += [{int(r)} for r in self.speakers.recordings[free]]
        barred = [set[int]() for _ in there] + [set(self._barred.get(k, ())) for k in free.tolist()]

        def apart(kept: int, gone: int) -> bool:
            return (
                bool(whose[kept] and whose[gone])
                or not recordings[kept].isdisjoint(recordings[gone])
                or not barred[kept].isdisjoint(whose[gone])
                or not barred[gone].isdisjoint(whose[kept])
            )

        def merged(kept: int, gone: int) -> None:
            nodes[kept] = nodes[kept] + nodes[gone]
            for what in (whose, recordings, barred):
                what[kept] = what[kept] | what[gone]

        means = self._means.grouped(nodes)
        edges = near(means, JOIN, go_on=self._go_on)
        alive = np.unique(agglomerate(means, edges, JOIN, merged, apart, self._go_on)).tolist()
        least_s = CORE_S if kind == PERSON else 0.0
        for least in CORES if kind == PERSON else CORES[:1]:
            for node in alive:
                enough = len(recordings[node]) >= least and self.speakers.seconds[nodes[node]].sum() >= least_s
                if enough and not whose[node]:
                    whose[node] = {self._new(kind)}
        for node in alive:
            for person in whose[node]:
                for k in nodes[node]:
                    if self.persons[k] == NOBODY:
                        self._give(k, person)

    def release(self, placed: Ints) -> None:
        """Take those of the places out of people again who are not surely theirs, and end new people who are few then.

        Groups are made of pairs; asked by itself, one must be as likely the person that the others are without it as
        two must be to become one, and nobody else about as likely. Of each person the worst goes first, as the others
        may be sure without it.
        """
        placed = placed[self.persons[placed] != NOBODY]
        while len(placed):
            slack = self._slack(placed)
            order = np.argsort(slack, kind="stable")
            worst = np.unique(self.persons[placed[order]], return_index=True)[1]
            touched = {self._take(k) for k in placed[order[worst[slack[order[worst]] < 0]]].tolist()}
            for person in touched:
                members = self._members[person]
                few = len(members) < CORES[-1] or self.speakers.seconds[members].sum() < CORE_S
                if person < NOBODY and few:
                    for k in list(members):
                        self._take(k)
            placed = placed[np.isin(self.persons[placed], sorted(touched - {NOBODY}))]

    def _slack(self, places: Ints) -> NDArray[np.float64]:
        """By how much each is surer whose it is than it must be."""
        people = self._of(PERSON)
        column = {person: number for number, person in enumerate(people)}
        mine = np.array([column[person] for person in self.persons[places].tolist()])
        groups = self._means.grouped(self._all_of(people))
        own = likeness_without(self._means, groups, places, mine).astype(np.float64)
        rows, columns, score = self._may_be(places, people, groups, JOIN - MARGIN)
        others = np.full(len(places), JOIN - MARGIN)
        other = columns != mine[rows]
        np.maximum.at(others, rows[other], score[other])
        return np.asarray(own - MARGIN - others, np.float64)

    def offer(self, free: Ints, kind: str, only_grown: bool = False) -> None:
        """Give those who are free to whoever is likeliest, the surest first; to nobody where two are about as likely.

        `only_grown`: none but those who may be somebody's who is new, or was given somebody.
        """
        people = self._of(kind)
        if only_grown:
            changed = [person for person in people if person in self.grown]
            if not len(free) or not changed:
                return
            rows, _, _ = self._may_be(free, changed, self._means.grouped(self._all_of(changed)), JOIN)
            free = free[np.unique(rows)]
        if not len(free) or not people:
            return
        best, next_best = np.full((2, len(free)), -np.inf)
        choice = np.zeros(len(free), np.int64)
        groups = self._means.grouped(self._all_of(people))
        rows, columns, score = self._may_be(free, people, groups, JOIN - MARGIN)
        order = np.argsort(score, kind="stable")
        for row, column, s in zip(rows[order].tolist(), columns[order].tolist(), score[order].tolist(), strict=True):
            next_best[row], best[row], choice[row] = best[row], s, column
        sure = np.flatnonzero((best >= JOIN) & (next_best <= best - MARGIN))
        for row in sure[np.argsort(-best[sure], kind="stable")].tolist():
            self._give(int(free[row]), people[int(choice[row])])

    def scores(self) -> Floats:
        """(n,): how likely each is whose it is, by the middle of them; nan where it is nobody's."""
        result = np.full(len(self.speakers), np.nan, np.float32)
        people = [person for person, members in self._members.items() if members]
        places = np.flatnonzero(self.persons != NOBODY)
        if len(places):
            both = self._means.joined(self._means.grouped(self._all_of(people)))
            number = {person: len(self.speakers) + k for k, person in enumerate(people)}
            mine = np.array([number[person] for person in self.persons[places].tolist()])
            result[places] = likeness(both, places, mine)
        return result

    def _of(self, kind: str) -> list[int]:
        """Sounds, or whoever is none."""
        return [
            person
            for person, members in self._members.items()
            if members and (self.kinds.get(person, PERSON) == SOUND) == (kind == SOUND)
        ]

    def _may_be(self, places: Ints, people: list[int], groups: Means, least: float) -> tuple[Ints, Ints, Floats]:
        """Pairs of places and people who are likely one, but where somebody said that they are not: see `likely`."""
        rows, columns, score = likely(self._means.only(places), groups, least, self._go_on)
        said = np.isin(places[rows], list(self._barred))
        for pair in np.flatnonzero(said).tolist():
            said[pair] = people[columns[pair]] in self._barred[int(places[rows[pair]])]
        return rows[~said], columns[~said], score[~said]

    def _all_of(self, people: list[int]) -> list[list[int]]:
        return [self._members[person] for person in people]

    def _give(self, k: int, person: int) -> None:
        """Unless a rule forbids it."""
        if int(self.speakers.recordings[k]) in self._recordings.get(person, ()) or person in self._barred.get(k, ()):
            return
        self.persons[k] = person
        self.grown.add(person)
        self._add(k, person)

    def _add(self, k: int, person: int) -> None:
        self._members.setdefault(person, []).append(k)
        self._recordings.setdefault(person, set()).add(int(self.speakers.recordings[k]))

    def _take(self, k: int) -> int:
        """Make it nobody's; whose it was."""
        person = int(self.persons[k])
        self.persons[k] = NOBODY
        self._members[person].remove(k)
        self._recordings[person].discard(int(self.speakers.recordings[k]))
        return person

    def _new(self, kind: str) -> int:
        self._made += 1
        person = NOBODY - self._made
        self.kinds[person] = kind
        return person
