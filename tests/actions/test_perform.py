"""Acts on who is who: what they do, that each can be undone exactly, and what cannot be done."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from support.people import BEGUN, hear, place

from voicemark.actions.acts import (
    Act,
    ActError,
    Answer,
    Correct,
    Ignore,
    Merge,
    Name,
    NeedsConfirmationError,
    Retry,
    Split,
    Undo,
    Unignore,
)
from voicemark.actions.perform import Done, perform
from voicemark.config import Config
from voicemark.result import Marker
from voicemark.store.database import Database, open_database
from voicemark.store.markers import voice_ids, write_markers
from voicemark.store.schema_acts import ActRow
from voicemark.store.schema_people import PersonRow

CONFIG = Config.model_validate({"speakers": [{"name": "Anna", "samples": ["/anna.wav"]}]})
LOG = frozenset({"acts", "act_changes", "sqlite_sequence"})
"""What is meant to grow, whatever is undone."""
DERIVED = frozenset({"markers", "voice_sums", "turn_voices"})
"""What is made anew by the match that follows every act: tests/enrolment/test_answers.py holds it to the same."""


def archive(path: Path) -> Database:
    """Anna (1) is in the configuration, Bert (2) was named; 3 is heard in all three recordings, 4 in two, 5 in one."""
    opened = open_database(path)
    with opened.writing() as session:
        voices = voice_ids(session, ["Anna", "Bert"])
        for _ in range(3):
            session.add(PersonRow(kind="person", by="machine", created_at=BEGUN))
            session.flush()
        hear(session, "/a.ts", [(1, 0, 60), (2, 60, 90), (1, 90, 3690), (3, 3690, 3700), (4, 3700, 3800)])
        hear(session, "/b.ts", [(1, 0, 600), (2, 600, 610), (3, 610, 700)])
        hear(session, "/c.ts", [(1, 0, 7), (1, 30, 35)])
        for recording, number, person in ((1, 1, 3), (2, 1, 3), (3, 1, 3), (1, 2, 4), (2, 2, 4), (1, 3, 5)):
            place(session, recording, number, person, score=0.7)
        place(session, 1, 4, 1, "match", 0.9)
        place(session, 2, 3, 2, "person")
        write_markers(session, 1, [Marker("Anna", 3700, 3800, 0.9)], "key", voices)
        write_markers(session, 2, [Marker("Bert", 610, 700, 0.7)], "key", voices)
    return opened


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("archive") / "v.db"
    archive(path).close()
    return path


def do(database: Database, act: Act) -> Done:
    return perform(database, CONFIG, act, "me")


def dump(database: Database) -> dict[str, list[Any]]:
    """Every row of every table but the log, and what is made of the others."""
    with database.reading() as session:
        tables = session.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'")).scalars().all()
        return {
            name: sorted(map(repr, session.execute(text(f'SELECT * FROM "{name}"')).all()))
            for name in tables
            if name not in LOG | DERIVED
        }


def ask(database: Database, query: str) -> list[Any]:
    with database.reading() as session:
        return [tuple(row) for row in session.execute(text(query)).all()]


def test_naming_makes_a_voice_and_fixes_its_local_speakers(database: Database) -> None:
    done = do(database, Name(person=3, name="Clara"))
    assert done.follow_up == {"voices", "match", "link"}
    assert ask(database, "SELECT name, recordings FROM people WHERE person = 3") == [("Clara", 3)]
    assert ask(database, "SELECT DISTINCT placed_by FROM memberships WHERE person_id = 3") == [("person",)]
    assert ask(database, "SELECT count(DISTINCT content) FROM statements WHERE person_id = 3 AND answer = 'is'") == [
        (3,)
    ]
    assert ask(database, "SELECT count(*) FROM said") == [(3,)]


def test_a_name_that_exists_asks_whether_both_are_one(database: Database) -> None:
    for called in ("Bert", "bert", "Anna"):
        with pytest.raises(NeedsConfirmationError, match="already"):
            do(database, Name(person=3, name=called))
    do(database, Name(person=3, name="Anna", merge=True))
    assert ask(database, "SELECT person, recordings FROM people WHERE name = 'Anna'") == [(1, 3)]
    with pytest.raises(ActError, match="there is no voice 3 any more: it is one with 1"):
        do(database, Ignore(person=3))


def test_two_named_people_become_one_only_when_that_is_confirmed(database: Database) -> None:
    do(database, Name(person=3, name="Clara"))
    with pytest.raises(NeedsConfirmationError, match="both have a name"):
        do(database, Merge(into=2, other=3))
    do(database, Merge(into=2, other=3, confirmed=True))
    assert ask(database, "SELECT name FROM voices ORDER BY name") == [("Anna",), ("Bert",)]


def test_the_configuration_has_the_last_word_on_whom_it_names(database: Database) -> None:
    with pytest.raises(ActError, match="the configuration names 'Anna'"):
        do(database, Merge(into=2, other=1, confirmed=True))
    with pytest.raises(ActError, match="the configuration calls this voice 'Anna'"):
        do(database, Name(person=1, name="Berta"))
    do(database, Merge(into=1, other=2, confirmed=True))


def test_what_was_split_off_is_never_put_back(database: Database) -> None:
    done = do(database, Split(person=3, recordings=("/b.ts", "3")))
    assert ask(database, "SELECT recording_id, person_id, placed_by FROM memberships WHERE person_id > 5") == [
        (2, 6, "machine"), (3, 6, "machine"),
    ]  # fmt: skip
    assert ask(database, "SELECT recording_id, number, person_id FROM cannot_links") == [(2, 1, 3), (3, 1, 3)]
    assert "voice 6" in done.message
    do(database, Merge(into=3, other=6))  # somebody changed their mind
    assert ask(database, "SELECT count(*) FROM cannot_links") == [(0,)]


def test_a_correction_of_a_marker_says_who_it_is_instead(database: Database) -> None:
    done = do(database, Correct(marker=1, is_name="Bert"))
    assert done.message.startswith("marker 1 ('Anna'), ")
    assert done.message.endswith("3700.0–3800.0 s: not 'Anna' but 'Bert'")
    rows = "SELECT content, start_s, end_s, person_id, answer, about FROM statements ORDER BY id"
    assert ask(database, rows) == [
        ("/a.ts", 3700, 3800, 1, "not", "span"), ("/a.ts", 3700, 3800, 2, "is", "span"),
    ]  # fmt: skip


def test_three_noes_are_counted_and_the_places_are_remembered(database: Database) -> None:
    for _ in range(3):
        do(database, Answer(question="4:2", answer="no"))
    assert ask(database, "SELECT person_id, other_id, noes FROM asked") == [(4, 2, 3)]
    assert ask(database, "SELECT recording_id, number, person_id FROM cannot_links") == [(1, 2, 2), (2, 2, 2)]
    do(database, Answer(question="4:2", answer="somebody_else", name="Dora"))
    assert ask(database, "SELECT name FROM people WHERE person = 4") == [("Dora",)]


WRONG: list[tuple[Act, str]] = [
    (Name(person=99, name="X"), "there is no voice 99"),
    (Name(person=3, name=" X "), "is no name"),
    (Name(person=2, name="Bert"), "called 'Bert' already"),
    (Merge(into=3, other=3), "is itself"),
    (Split(person=3, recordings=("/nowhere.ts",)), "/nowhere.ts: is not in the database"),
    (Split(person=5, recordings=("/b.ts",)), "voice 5 is not heard in /b.ts"),
    (Split(person=5, recordings=("/a.ts",)), "nothing of voice 5 would be left"),
    (Ignore(person=1), "has a name"),
    (Unignore(person=3), "is not ignored"),
    (Correct(marker=99, not_name="Anna"), "there is no marker 99 .*gets another number; `voicemark markers`"),
    (Correct(marker=1, not_name="Bert"), r"marker 1 \('Anna'\), .*3700\.0–3800\.0 s: it names 'Anna', not 'Bert'"),
    (Correct(marker=1, is_name="Anna", not_name="Bert"), "it names 'Anna', not 'Bert'"),
    (Correct(recording="/c.ts", start_s=30, end_s=50, is_name="Anna"), r"not within it .*35\.0 s long"),
    (Correct(recording="/c.ts", start_s=36, end_s=37, is_name="Anna"), "not within it"),
    (Correct(recording="/c.ts", start_s=0, end_s=5, is_name="Ann"), r"no voice 'Ann' \(is it Anna\?\)"),
    (Answer(question="three", answer="yes"), "there is no question"),
    (Answer(question="3:4", answer="yes"), "has no name"),
    (Undo(), "nothing was done"),
    (Undo(number=7), "there is no act 7"),
    (Retry(recording="/c.ts"), "not set aside"),
]  # fmt: skip


@pytest.mark.parametrize(("act", "why"), WRONG)
def test_what_cannot_be_is_told_and_changes_nothing(database: Database, act: Act, why: str) -> None:
    before = dump(database)
    with pytest.raises(ActError, match=why):
        do(database, act)
    assert dump(database) == before
    assert ask(database, "SELECT count(*) FROM acts") == [(0,)]


@pytest.mark.parametrize(
    "fields",
    [
        {"marker": 1}, {"is_name": "Anna"}, {"marker": 1, "start_s": 3, "is_name": "Anna"},
        {"recording": "/c.ts", "start_s": 5, "end_s": 5, "is_name": "Anna"},
        {"recording": "/c.ts", "start_s": float("nan"), "end_s": 5, "is_name": "Anna"},
        {"marker": 1, "is_name": "Anna", "not_name": "Anna"}, {"marker": 0, "is_name": "Anna"},
    ],
)  # fmt: skip
def test_a_correction_says_where_and_who(fields: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        Correct(**fields)


PEOPLE = st.integers(1, 7)
ACTS = st.one_of(
    st.builds(Name, person=PEOPLE, name=st.sampled_from(["Anna", "Clara", "Dora"]), merge=st.booleans()),
    st.builds(Merge, into=PEOPLE, other=PEOPLE, confirmed=st.just(True)),
    st.builds(Split, person=PEOPLE, recordings=st.sampled_from([("/a.ts",), ("/b.ts",), ("/b.ts", "/c.ts")])),
    st.builds(Ignore, person=PEOPLE),
    st.builds(Unignore, person=PEOPLE),
    st.builds(Correct, marker=st.integers(1, 2), not_name=st.sampled_from(["Anna", "Bert"])),
    st.builds(
        Answer,
        question=st.builds("{}:{}".format, PEOPLE, PEOPLE)
        | st.builds("{}.{}:{}".format, st.integers(1, 3), st.integers(1, 4), st.integers(1, 2)),
        answer=st.sampled_from(["yes", "no", "somebody_else"]),
        name=st.sampled_from([None, "Dora"]),
    ),
)


@settings(max_examples=8, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(acts=st.lists(ACTS, min_size=2, max_size=6))
def test_whatever_was_done_is_undone_exactly(acts: list[Act], made: Path, tmp_path: Path) -> None:
    for left in tmp_path.glob("v.db*"):
        left.unlink()
    database = open_database(Path(shutil.copy(made, tmp_path)))
    before = [dump(database)]
    for act in acts:
        try:
            do(database, act)
        except ActError:
            assert dump(database) == before[-1]
        else:
            before.append(dump(database))
    while len(before) > 1:
        before.pop()
        do(database, Undo())
        assert dump(database) == before[-1]
    database.close()


def test_an_act_on_which_a_later_one_builds_is_undone_after_it(database: Database) -> None:
    do(database, Name(person=3, name="Clara"))
    do(database, Merge(into=3, other=4))
    do(database, Name(person=3, name="Carla"))
    with pytest.raises(ActError, match=r"act 1 cannot be undone.*undo what was done later first: 2, 3"):
        do(database, Undo(number=1))
    for number in (3, 2, 1):
        do(database, Undo(number=number))
    with pytest.raises(ActError, match="act 1 is undone already"):
        do(database, Undo(number=1))


def test_what_is_undone_leaves_others_acts_as_they_are(database: Database) -> None:
    do(database, Name(person=3, name="Clara"))
    do(database, Name(person=4, name="Dora"))
    do(database, Undo(number=1))
    assert ask(database, "SELECT name FROM people WHERE person IN (3, 4)") == [(None,), ("Dora",)]


def test_the_log_says_who_did_what(database: Database) -> None:
    do(database, Name(person=3, name="Clara"))
    with database.reading() as session:
        row = session.get_one(ActRow, 1)
        assert (row.by, row.message) == ("me", "voice 3 is 'Clara'")
        assert '"name":"Clara"' in row.what


def test_numbers_are_never_used_twice(database: Database) -> None:
    do(database, Split(person=3, recordings=("/b.ts",)))
    do(database, Undo())
    assert "voice 7" in do(database, Split(person=3, recordings=("/b.ts",))).message
