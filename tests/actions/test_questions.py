"""Questions are about who is in doubt with most time behind it, and are not repeated for ever."""

from pathlib import Path

import pytest
from sqlalchemy import text
from support.heard_people import MATCH, HearingNothing, group, hear

from voicemark.actions.acts import Act, Answer, Name, Undo
from voicemark.actions.perform import perform
from voicemark.actions.questions import Question, questions
from voicemark.config import Config
from voicemark.enrolment.enrolment import enrol
from voicemark.store.database import Database, open_database

CONFIG = Config(match=MATCH)
CLARA, LIKE_CLARA, DORA = 0, 1, 2


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Clara is voice 1 and has a name; 2 is who sounds a little like her, in two recordings; Dora is in no group."""
    path = tmp_path_factory.mktemp("archive") / "v.db"
    database = open_database(path)
    hear(database, "/a.ts", [(CLARA, 60), (DORA, 40), (CLARA, 30)])
    hear(database, "/b.ts", [(DORA, 20), (CLARA, 50), (LIKE_CLARA, 40)])
    hear(database, "/c.ts", [(LIKE_CLARA, 60), (DORA, 30), (LIKE_CLARA, 15)])
    group(database, CLARA, [1, 2])
    group(database, LIKE_CLARA, [2, 3])
    perform(database, CONFIG, Name(person=1, name="Clara"), "me")
    enrol(CONFIG, HearingNothing(), database)  # type: ignore[arg-type]
    database.close()
    return path


def asked(database: Database) -> list[Question]:
    with database.reading() as session:
        return questions(session)


def do(database: Database, act: Act) -> None:
    perform(database, CONFIG, act, "me")


def test_who_may_be_somebody_is_asked_about_by_places_of_several_recordings(database: Database) -> None:
    [question] = asked(database)
    assert question.id == "2:1" and question.voice == "Clara"
    assert question.person is not None and question.person.person == 2
    assert {place.path for place in question.places} == {"/b.ts", "/c.ts"}
    assert (question.agree, question.of) == (2, 2)
    assert question.hours == pytest.approx((40 + 75) / 3600, rel=0.1)


def test_a_yes_makes_them_one(database: Database) -> None:
    do(database, Answer(question="2:1", answer="yes"))
    assert asked(database) == []
    with database.reading() as session:
        assert session.execute(text("SELECT recordings FROM people WHERE name = 'Clara'")).scalar() == 3
    do(database, Undo())
    assert [one.id for one in asked(database)] == ["2:1"]


def test_three_noes_are_enough(database: Database) -> None:
    for _ in range(3):
        assert [one.id for one in asked(database)] == ["2:1"]
        do(database, Answer(question="2:1", answer="no"))
    assert asked(database) == []


def test_a_local_speaker_without_a_group_is_asked_about_by_several_of_its_turns(database: Database) -> None:
    with database.writing() as session:
        session.execute(text("DELETE FROM persons WHERE id = 2"))
    [long, short] = asked(database)
    assert long.person is None and long.recording_id == 3 and len(long.places) == 2
    assert short.recording_id == 2
    do(database, Answer(question=long.id, answer="no"))
    assert [one.id for one in asked(database)] == [short.id]
    do(database, Answer(question=short.id, answer="somebody_else", name="Lara"))
    with database.reading() as session:
        assert session.execute(text("SELECT name, recordings FROM people WHERE name = 'Lara'")).one() == ("Lara", 1)
    assert all(one.recording_id != 2 for one in asked(database))


def test_a_yes_gives_somebody_two_local_speakers_of_a_recording_which_no_machine_does(database: Database) -> None:
    with database.writing() as session:
        session.execute(text("DELETE FROM persons WHERE id = 2"))
    [second] = [one for one in asked(database) if one.recording_id == 2]
    do(database, Answer(question=second.id, answer="yes"))
    mine = "SELECT number FROM memberships WHERE recording_id = 2 AND person_id = 1"
    with database.reading() as session:
        numbers = session.scalars(text(mine)).all()
    assert len(numbers) == 2 and second.local_speaker in numbers
    do(database, Undo())
    assert second.id in [one.id for one in asked(database)]


def test_nobody_is_asked_about_who_is_ignored(database: Database) -> None:
    with database.writing() as session:
        session.execute(text("UPDATE persons SET kind = 'ignored' WHERE id = 2"))
    assert asked(database) == []
