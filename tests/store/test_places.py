"""Where to listen to somebody: what the database finds is what a look at every turn finds."""

from collections.abc import Iterator
from random import Random

import pytest
from support.people import BEGUN, hear, place

from voicemark.store.database import Database, open_database
from voicemark.store.people import LONG_S, SHORT_S, places_of
from voicemark.store.schema_people import PersonRow

PERSONS = (1, 2, 3)
Spoken = dict[int, dict[tuple[int, int], list[tuple[float, float]]]]
"""Of each person its local speakers (recording, number), with their turns."""


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    opened = open_database(tmp_path_factory.mktemp("places") / "v.db")
    with opened.writing() as session:
        session.add_all(PersonRow(id=n, kind="person", by="machine", created_at=BEGUN) for n in PERSONS)
    yield opened
    opened.close()


def looked_at(spoken: dict[tuple[int, int], list[tuple[float, float]]], at_most: int) -> list[tuple[int, float, float]]:
    """The slow way: speakers by length, those of other recordings first, and of each its best turn, then the next."""
    longest = sorted(spoken, key=lambda key: (-sum(end - start for start, end in spoken[key]), key))
    ranks: dict[tuple[int, int], int] = {}
    for key in longest:
        ranks[key] = sum(1 for other in ranks if other[0] == key[0])
    ordered = sorted(longest, key=lambda key: ranks[key])
    rounds = []
    for n in range(at_most):
        for key in ordered:
            turns = sorted(
                spoken[key],
                key=lambda turn: (-min(turn[1] - turn[0], SHORT_S), abs(turn[1] - turn[0] - LONG_S), turn[0]),
            )
            if n < len(turns):
                start_s, end_s = turns[n]
                rounds.append((key[0], start_s, min(end_s, start_s + LONG_S)))
    return rounds[:at_most]


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("at_most", [1, 3, 8])
def test_the_same_places_are_found(database: Database, seed: int, at_most: int) -> None:
    draw = Random(seed)
    with pytest.raises(StopIteration), database.writing() as session:  # nothing of it is kept
        spoken: Spoken = {person: {} for person in PERSONS}
        for n in range(draw.randint(1, 6)):
            turns, start_s = [], 0.0
            for _ in range(draw.randint(1, 12)):
                end_s = start_s + draw.choice((1.0, 2.5, 7.0, 11.5, 13.25, 40.125)) + draw.randrange(64) / 64
                turns.append((draw.randint(1, 3), start_s, end_s))
                start_s = end_s
            recording = hear(session, f"/{n}.ts", turns)
            for number in {number for number, _, _ in turns}:
                person = draw.choice(PERSONS)
                place(session, recording, number, person)
                spoken[person][recording, number] = [turn[1:] for turn in turns if turn[0] == number]
        session.flush()
        found = places_of(session, PERSONS, at_most)
        for person in PERSONS:
            told = [(one.recording_id, one.start_s, one.end_s) for one in found[person]]
            assert told == [(n, round(s, 2), round(e, 2)) for n, s, e in looked_at(spoken[person], at_most)]
        raise StopIteration
