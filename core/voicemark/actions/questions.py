"""Who may be whom: where an answer of a person is worth most, and what several places say.

Asked about is a person without a name who sounds like somebody with one, or a local speaker of whom the matching is not
sure: first where the time of which something else would be known, times how likely that is, is largest. What is said of
it is said by several places, each for itself: never by one sample.
"""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy.orm import Session

from voicemark.store.people import PersonView, Place, find_person, places_in, places_of
from voicemark.store.people_vectors import (
    Directions,
    Speaker,
    answered,
    directions_of,
    named_directions,
    open_speakers,
    present_model,
    turn_directions,
)

SAMPLES = 10
"""Of somebody so many places are compared with others, of as many recordings as there are."""
LIKE = 0.32
"""Cosine of a direction with the middle of a voice's memory: who is less like it is not asked about, and a place
that is says nothing for it."""
EVEN, SPREAD = 0.43, 0.05
"""At this cosine it is as likely as not the voice, and how fast that changes: of people in composed scenes from 0.27 to
0.89 were the voice, and strangers up to 0.47."""
FEWEST_CHANGES = 0.1
"""Where an answer changes something less likely than so, nobody is asked."""
MOST_NOES = 3
SHORTEST_S = 5.0
"""Nobody is asked about less."""
PLACES = 4


@dataclass(frozen=True)
class Question:
    """Is this, a person without a name or a local speaker of one recording, the one that is called `voice`?"""

    id: str
    """As an answer names it."""
    person: PersonView | None
    """None: it is one local speaker's."""
    recording_id: int | None
    local_speaker: int | None
    other: int
    """The number of who is called `voice`."""
    voice: str
    places: list[Place]
    """Where to listen; of several recordings where there are more than one."""
    agree: int
    """So many places sound like the voice more than like any other …"""
    of: int
    hours: float
    """How much would have a name then."""


@dataclass(frozen=True)
class _Doubt:
    """Somebody who may be a voice."""

    person: int | None
    speaker: Speaker
    voice: int
    """Its row among the named."""
    seconds: float
    worth: float


def questions(session: Session, at_most: int = 5) -> list[Question]:
    """The questions whose answers are worth most, those first. Does not write to the database."""
    model_id = present_model(session)
    if model_id is None:
        return []
    numbers, names, middles = named_directions(session, model_id)
    if not numbers:
        return []
    asked: list[Question] = []
    for doubt in sorted(_doubts(session, model_id, numbers, middles), key=lambda one: -one.worth):
        if len(asked) == at_most:
            break
        question = _question(session, model_id, doubt, numbers, names, middles)
        if question is not None:
            asked.append(question)
    return asked


def looks_like(session: Session, person: int) -> list[tuple[str, int, int]]:
    """Who a person without a name may be: a name, how many places say so, and of how many; the likeliest first."""
    model_id = present_model(session)
    if model_id is None:
        return []
    mine = directions_of(session, person, model_id, SAMPLES)
    _, names, middles = named_directions(session, model_id)
    return [(names[voice], agree, len(mine)) for voice, agree in _votes(mine, middles).most_common(3)]


def _doubts(session: Session, model_id: str, numbers: Sequence[int], middles: Directions) -> Iterator[_Doubt]:
    """Each person and each local speaker who may be a voice, with the voice that it is likeliest to be."""
    already = answered(session, MOST_NOES)
    people: dict[int, list[tuple[Speaker, int, float]]] = {}
    for speakers, directions in open_speakers(session, model_id, SHORTEST_S):
        cosines = directions @ middles.T
        order = np.argsort(-cosines, axis=1)
        for row, speaker in enumerate(speakers):
            for voice in order[row].tolist():
                key = speaker.person if speaker.person is not None else (speaker.recording_id, speaker.number)
                if (key, numbers[voice]) not in already:
                    break
            else:
                continue
            cosine = float(cosines[row, voice])
            if speaker.person is not None:
                people.setdefault(speaker.person, []).append((speaker, voice, cosine))
            elif cosine >= LIKE:
                likely = _likely(cosine)
                changes = 1 - likely if speaker.matched == numbers[voice] else likely
                if changes >= FEWEST_CHANGES:
                    yield _Doubt(None, speaker, voice, speaker.seconds, speaker.seconds * changes)
    for person, heard in people.items():
        voice, _ = Counter(voice for _, voice, _ in heard).most_common(1)[0]
        longest = sorted((one for one in heard if one[1] == voice), key=lambda one: -one[0].seconds)[:SAMPLES]
        seconds = sum(one.seconds for one, _, _ in heard)
        cosine = float(np.mean([cosine for _, _, cosine in longest]))
        if cosine >= LIKE and (likely := _likely(cosine)) >= FEWEST_CHANGES:
            yield _Doubt(person, longest[0][0], voice, seconds, seconds * likely)


def _likely(cosine: float) -> float:
    """How likely somebody is the voice."""
    return 1 / (1 + math.exp((EVEN - cosine) / SPREAD))


def _question(
    session: Session, model_id: str, doubt: _Doubt, numbers: Sequence[int], names: Sequence[str], middles: Directions
) -> Question | None:
    """None where fewer than half of the places say so: nobody would believe it."""
    speaker, other = doubt.speaker, numbers[doubt.voice]
    if doubt.person is None:
        samples = turn_directions(session, model_id, speaker, SAMPLES)
        places = places_in(session, speaker.recording_id, speaker.number, PLACES)
        subject = f"{speaker.recording_id}.{speaker.number}"
    else:
        samples = directions_of(session, doubt.person, model_id, SAMPLES)
        places = places_of(session, [doubt.person], PLACES)[doubt.person]
        subject = str(doubt.person)
    agree = _votes(samples, middles)[doubt.voice]
    if not places or 2 * agree < len(samples):
        return None
    alone = doubt.person is None
    return Question(
        id=f"{subject}:{other}",
        person=None if doubt.person is None else find_person(session, doubt.person),
        recording_id=speaker.recording_id if alone else None,
        local_speaker=speaker.number if alone else None,
        other=other,
        voice=names[doubt.voice],
        places=places,
        agree=agree,
        of=len(samples),
        hours=doubt.seconds / 3600,
    )


def _votes(samples: Directions, middles: Directions) -> Counter[int]:
    """For each voice (a row of `middles`) how many samples are near it and nearer to it than to any other."""
    if not len(samples) or not len(middles):
        return Counter()
    cosines = samples @ middles.T
    best = cosines.argmax(axis=1)
    return Counter(int(voice) for row, voice in enumerate(best) if cosines[row, voice] >= LIKE)
