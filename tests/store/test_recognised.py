"""Who is heard makes known who somebody is, unless a person said something else."""

from pathlib import Path

import pytest
from sqlalchemy import text
from support.people import hear, place

from voicemark.result import NamedTurn, Recognised
from voicemark.store.connections import plain
from voicemark.store.database import Database, open_database
from voicemark.store.markers import voice_ids
from voicemark.store.recognised import write_recognised
from voicemark.store.schema_people import BY_MACHINE, BY_PERSON, CannotLinkRow

TURNS = [(1, 0, 60), (2, 60, 90), (1, 90, 110), (3, 110, 130)]
ANNA = Recognised(named=(NamedTurn(0, "Anna", 0.8), NamedTurn(2, "Anna", 0.9), NamedTurn(3, "Anna", 0.7)))


@pytest.fixture
def database(tmp_path: Path) -> Database:
    opened = open_database(tmp_path / "v.db")
    with opened.writing() as session:
        voice_ids(session, ["Anna", "Bert"])
        hear(session, "/a.ts", TURNS)
    return opened


def write(database: Database, recognised: Recognised) -> None:
    with database.writing() as session:
        write_recognised(session, {1: recognised}, "key", voice_ids(session, ["Anna", "Bert"]))


def whose(database: Database) -> list[tuple[object, ...]]:
    query = "SELECT number, person_id, placed_by, score FROM memberships ORDER BY number"
    with database.reading() as session:
        return [tuple(row) for row in session.execute(text(query)).all()]


def test_who_is_named_for_most_of_the_time_is_that_person_until_it_is_named_otherwise(database: Database) -> None:
    write(database, ANNA)
    assert whose(database) == [(1, 1, "match", 0.9), (3, 1, "match", 0.7)]
    write(database, Recognised(named=(NamedTurn(0, "Anna", 0.8), NamedTurn(2, "Bert", 0.9))))
    assert whose(database) == [(1, 1, "match", 0.8)]
    write(database, Recognised())
    assert whose(database) == []


def test_a_name_in_a_small_part_of_the_time_says_nothing_of_the_whole(database: Database) -> None:
    write(database, Recognised(named=(NamedTurn(2, "Anna", 0.9),)))
    assert whose(database) == []


def test_what_a_person_placed_or_denied_is_not_touched_and_what_the_linking_placed_is(database: Database) -> None:
    with database.writing() as session:
        place(session, 1, 1, 2, BY_PERSON)
        place(session, 1, 2, 2, BY_MACHINE, 0.6)
        session.add(CannotLinkRow(recording_id=1, number=3, person_id=1))
    write(database, ANNA)
    assert whose(database) == [(1, 2, "person", None), (2, 2, "machine", 0.6)]
    with database.writing() as session:
        session.execute(text("UPDATE memberships SET placed_by = 'machine'"))
    write(database, ANNA)
    assert whose(database) == [(1, 1, "match", 0.9), (2, 2, "machine", 0.6)]


def test_who_stays_whom_he_was_is_not_written_again(database: Database) -> None:
    write(database, ANNA)
    told: list[str] = []
    with database.writing() as session:
        plain(session).set_trace_callback(told.append)
        write_recognised(session, {1: ANNA}, "other", voice_ids(session, ["Anna", "Bert"]))
        plain(session).set_trace_callback(None)
    assert not [one for one in told if one.startswith(("INSERT INTO memberships", "DELETE FROM memberships"))]
    assert any(one.startswith("UPDATE recordings") for one in told) and len(whose(database)) == 2
