"""People across recordings: which local speakers of many recordings are one person, whoever it is.

    what comes back unchanged is a sound (`linking_sounds.py`) → local speakers who are likeliest one person become one
    (`linking_merge.py`, by `linking_evidence.py`) → dense first: who is heard in several recordings and for a minute is
    a person → who is not surely whose it is by then is taken out again → the others are offered to these → who is left
    stays alone, and is offered again with each recording

A local speaker of less than THIN_S is nobody's: what few seconds say is chance, and where there is a name, the owner
may be asked (`voicemark.actions.questions`). Nobody is given two local speakers of one recording: those were told apart
where they could be compared best. Whom a person placed stays there, and whom a person kept apart stays apart.

Everybody anew (`link_all`) does not depend on the order in which recordings came; one recording after the other
(`link_new`) does, as who is somebody's already stays there.

Plain data in, plain data out: where it is kept, and under which numbers, is the store's.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from voicemark.voice.linking_products import nothing
from voicemark.voice.linking_state import IGNORED, NOBODY, PERSON, SOUND, LinkState, Speakers

__all__ = ["IGNORED", "NOBODY", "PERSON", "RULES", "SOUND", "Linked", "Speakers", "link_all", "link_new"]

Ints = NDArray[np.int64]

RULES = 2  # of all this; where it changes, archives are linked anew
THIN_S = 12.0  # of speech: less is linked by no machine
SAME = 0.5  # of somebody's time that keeps the number
REACH = 2  # steps from neighbour to neighbour by which those are found who may become somebody with those who are new


@dataclass(frozen=True)
class Linked:
    """Who is whose. New persons have numbers below `NOBODY`: −2, −3, …"""

    persons: Ints
    """(n,)"""
    scores: NDArray[np.float32]
    """(n,) how likely each is whose it is, as a logarithm of odds; nan where it is nobody's."""
    kinds: Mapping[int, str]
    """Of the new persons."""


def link_all(speakers: Speakers, kinds: Mapping[int, str], go_on: Callable[[], None] = nothing) -> Linked:
    """Everybody anew but whom a person placed. `kinds`: of every person that there is, `PERSON` where it says nothing.

    Whoever comes out of it keeps the number that half of their time had before. `go_on` is called as it advances.
    """
    state = LinkState(speakers.without_machine, kinds, go_on)
    state.find_sounds(state.nobodys)
    state.form(state.noises(state.nobodys), SOUND)
    free = _thick(state, state.nobodys)
    state.form(free, PERSON)
    state.release(free)
    state.offer(_thick(state, state.nobodys), PERSON)
    before = np.where(speakers.fixed, NOBODY, speakers.persons)
    return _linked(state, _carried(state, before, kinds))


def link_new(
    speakers: Speakers,
    kinds: Mapping[int, str],
    fresh: NDArray[np.bool_],
    again: bool = False,
    go_on: Callable[[], None] = nothing,
) -> Linked:
    """Those who are new (n,) are offered to who is there, then made somebody with those who were left over.

    Who is somebody's stays there; who was left over is offered to everybody who is new or has grown, `again` to all.
    """
    state = LinkState(speakers, kinds, go_on)
    new = np.flatnonzero(fresh & (speakers.persons == NOBODY))
    state.find_sounds(new)
    state.offer(state.noises(state.free(new)), SOUND)
    state.offer(_thick(state, state.free(new)), PERSON)
    noises, free = state.noises(state.nobodys), _thick(state, state.nobodys)
    state.form(state.neighbours(state.noises(state.free(new)), noises, REACH), SOUND)
    state.form(state.neighbours(_thick(state, state.free(new)), free, REACH), PERSON)
    state.release(free)
    state.offer(_thick(state, state.nobodys), PERSON, only_grown=not again)
    return _linked(state, {})


def _thick(state: LinkState, places: Ints) -> Ints:
    places = state.voices(places)
    return places[state.speakers.seconds[places] >= THIN_S]


def _carried(state: LinkState, before: Ints, kinds: Mapping[int, str]) -> dict[int, int]:
    """New persons → the number that they take over from who they were `before` (n,), each number once."""
    seconds = np.maximum(state.speakers.seconds, 1e-3)
    total: dict[int, float] = {}
    shared: dict[tuple[int, int], float] = {}
    for old, now, s in zip(before.tolist(), state.persons.tolist(), seconds.tolist(), strict=True):
        if old == NOBODY or kinds.get(old, PERSON) == IGNORED:
            continue
        total[old] = total.get(old, 0.0) + s
        if now < NOBODY and state.kinds[now] == kinds.get(old, PERSON):
            shared[now, old] = shared.get((now, old), 0.0) + s
    here = set(state.persons.tolist())
    barred = {(int(state.persons[k]), person) for k, person in state.speakers.apart}
    carried: dict[int, int] = {}
    for (now, old), s in sorted(shared.items(), key=lambda item: (-item[1], item[0])):
        if s >= SAME * total[old] and now not in carried and old not in here and (now, old) not in barred:
            carried[now] = old
            here.add(old)
    return carried


def _linked(state: LinkState, carried: Mapping[int, int]) -> Linked:
    made = sorted({int(person) for person in state.persons if person < NOBODY} - set(carried), reverse=True)
    number = {**carried, **{person: NOBODY - 1 - k for k, person in enumerate(made)}}
    persons = np.array([number.get(person, person) for person in state.persons.tolist()], np.int64)
    return Linked(persons, state.scores(), {number[person]: state.kinds[person] for person in made})
