"""People across recordings, kept: nobody is found twice, and nothing is lost, whoever links and whatever is killed."""

import textwrap
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from sqlalchemy import text
from support.forked import run_forked
from support.people import hear, place, speech
from support.talk import DIM, voices

from voicemark.actions.acts import Ignore, Name, Split, Undo
from voicemark.actions.link import is_link_due, link_people
from voicemark.actions.perform import perform
from voicemark.config import Config
from voicemark.store.database import Database, open_database
from voicemark.store.linkings import Linking, keep_linking, last_linking, linked_recordings
from voicemark.store.schema import RecordingRow
from voicemark.store.speakers import write_speech
from voicemark.voice.linking import RULES
from voicemark.voice.quantisation import quantise
from voicemark.voice.recognise import Recogniser

CONFIG = Config.model_validate({"people": {"discover": True}})
RECOGNISER = cast(Recogniser, SimpleNamespace(encoder=SimpleNamespace(model_id="m", cohort=None), match_key="k"))
PEOPLE = voices(4)
WHOSE = "SELECT recording_id, number, person_id, placed_by FROM memberships ORDER BY 1, 2"


def heard(whose: Sequence[int], seed: int) -> np.ndarray[Any, np.dtype[np.int8]]:
    """Directions of people in one recording, about 0.8 from themselves in another."""
    noise = np.random.default_rng(seed).standard_normal((len(whose), DIM)) * 0.5 / np.sqrt(DIM)
    return quantise((PEOPLE[list(whose)] + noise).astype(np.float32))


def add(database: Database, whose: Sequence[int], seed: int) -> None:
    """A recording in which these people speak for 40 s each."""
    turns = [(k + 1, 40.0 * k, 40.0 * (k + 1)) for k in range(len(whose))]
    with database.writing() as session:
        number = hear(session, f"/{seed}.ts", turns)
        write_speech(session, number, speech(turns, heard(whose, seed)))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four recordings: person 0 in all of them, 1 in three, 2 in two, 3 in one."""
    path = tmp_path_factory.mktemp("archive") / "v.db"
    opened = open_database(path)
    for seed, people in enumerate(([0, 1, 2], [1, 0], [2, 0, 1], [3, 0])):
        add(opened, people, seed)
    opened.close()
    return path


def ask(database: Database, query: str) -> list[tuple[Any, ...]]:
    with database.reading() as session:
        return [tuple(row) for row in session.execute(text(query)).all()]


FOUND = [
    (1, 1, 1), (1, 2, 2), (1, 3, 3), (2, 1, 2), (2, 2, 1), (3, 1, 3), (3, 2, 1), (3, 3, 2), (4, 2, 1),
]  # fmt: skip


def whose(database: Database) -> list[tuple[int, int, int]]:
    return [row[:3] for row in ask(database, WHOSE)]


def test_people_are_found_and_numbered_and_shown(database: Database) -> None:
    assert is_link_due(database, RECOGNISER, CONFIG)
    report = link_people(database, RECOGNISER, CONFIG)
    assert (report.local_speakers, report.placed, report.people, report.sounds) == (10, 9, 3, 0)
    assert whose(database) == FOUND
    assert ask(database, "SELECT person, recordings FROM people ORDER BY person") == [(1, 4), (2, 3), (3, 2)]
    assert not is_link_due(database, RECOGNISER, CONFIG)


def test_nobody_is_looked_for_unless_it_is_wanted(database: Database) -> None:
    assert not is_link_due(database, RECOGNISER, Config())
    assert link_people(database, RECOGNISER, Config(), anew=True).placed == 0
    assert ask(database, WHOSE) == ask(database, "SELECT * FROM persons") == []


def test_a_second_time_nothing_is_done(database: Database) -> None:
    link_people(database, RECOGNISER, CONFIG)
    before = ask(database, WHOSE)
    assert link_people(database, RECOGNISER, CONFIG).placed == 0
    assert link_people(database, RECOGNISER, CONFIG, anew=True).placed == 0
    assert ask(database, WHOSE) == before


@pytest.mark.parametrize("small", [0, 5000])
def test_a_new_recording_is_linked_with_those_before(
    database: Database, monkeypatch: pytest.MonkeyPatch, small: int
) -> None:
    monkeypatch.setattr("voicemark.actions.link.SMALL", small)
    link_people(database, RECOGNISER, CONFIG)
    for seed in range(10, 14):
        add(database, [1, 3], seed)
        link_people(database, RECOGNISER, CONFIG)
    assert ask(database, WHOSE + " LIMIT 3") == [(1, 1, 1, "machine"), (1, 2, 2, "machine"), (1, 3, 3, "machine")]
    assert [row for row in whose(database) if row[0] > 4] == [
        (r, n, 2 if n == 1 else 4) for r in range(5, 9) for n in (1, 2)
    ]
    assert (4, 1, 4) in whose(database)  # who was alone in the fourth is somebody now


def last(database: Database) -> Linking:
    with database.reading() as session:
        return last_linking(session)


def test_a_large_archive_is_linked_anew_once_a_day_when_enough_is_new(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("voicemark.actions.link.SMALL", 0)
    monkeypatch.setattr("voicemark.actions.link.ANEW", 2.0)
    link_people(database, RECOGNISER, CONFIG, anew=True)
    first = last(database).anew_at
    add(database, [0, 1], 10)
    link_people(database, RECOGNISER, CONFIG)
    assert last(database).anew_at == first and not is_link_due(database, RECOGNISER, CONFIG)
    with database.writing() as session:
        rows = linked_recordings(session)
        keep_linking(session, last_linking(session).said, datetime.now(UTC) - timedelta(days=2), RULES)
    assert rows == 5 and not is_link_due(database, RECOGNISER, CONFIG)  # nothing is new since
    add(database, [0, 1], 11)
    link_people(database, RECOGNISER, CONFIG, at_leisure=False)
    assert is_link_due(database, RECOGNISER, CONFIG)  # when there is time
    numbers = ask(database, WHOSE)
    advanced: list[None] = []
    link_people(database, RECOGNISER, CONFIG, go_on=lambda: advanced.append(None))
    assert last(database).anew_at >= first and last(database).recordings == 6
    assert advanced and ask(database, WHOSE) == numbers
    assert not is_link_due(database, RECOGNISER, CONFIG)


def test_an_archive_that_was_linked_by_other_rules_is_linked_anew(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    link_people(database, RECOGNISER, CONFIG)
    monkeypatch.setattr("voicemark.actions.link.RULES", RULES + 1)
    assert is_link_due(database, RECOGNISER, CONFIG)
    link_people(database, RECOGNISER, CONFIG)
    assert last(database).rules == RULES + 1 and not is_link_due(database, RECOGNISER, CONFIG)


def test_whoever_is_broken_off_leaves_everything_to_the_next(database: Database) -> None:
    class StopError(Exception):
        pass

    def stop() -> None:
        raise StopError

    with pytest.raises(StopError):
        link_people(database, RECOGNISER, CONFIG, go_on=stop)
    assert whose(database) == [] and is_link_due(database, RECOGNISER, CONFIG)
    link_people(database, RECOGNISER, CONFIG)
    assert whose(database) == FOUND


@pytest.mark.parametrize("act", [Split(person=1, recordings=("4",)), Ignore(person=2)])
def test_after_what_a_person_said_people_are_looked_for_once_more(database: Database, act: Split | Ignore) -> None:
    link_people(database, RECOGNISER, CONFIG)
    perform(database, CONFIG, act, "me")
    assert is_link_due(database, RECOGNISER, CONFIG)
    link_people(database, RECOGNISER, CONFIG)
    assert not is_link_due(database, RECOGNISER, CONFIG)
    perform(database, CONFIG, Undo(), "me")
    assert is_link_due(database, RECOGNISER, CONFIG)


def test_what_a_person_said_stays_through_linking_anew(database: Database) -> None:
    link_people(database, RECOGNISER, CONFIG)
    perform(database, CONFIG, Split(person=1, recordings=("4",)), "me")
    perform(database, CONFIG, Name(person=2, name="Berta"), "me")
    perform(database, CONFIG, Ignore(person=3), "me")
    said = ask(database, WHOSE)
    link_people(database, RECOGNISER, CONFIG, anew=True)
    link_people(database, RECOGNISER, CONFIG)
    assert [row for row in ask(database, WHOSE) if row[3] == "person"] == [row for row in said if row[3] == "person"]
    assert [row for row in whose(database) if row[2] in (1, 4)] == [(1, 1, 1), (2, 2, 1), (3, 2, 1), (4, 2, 4)]


def test_numbers_are_not_used_twice(database: Database) -> None:
    link_people(database, RECOGNISER, CONFIG)
    with database.writing() as session:
        session.execute(text("DELETE FROM persons WHERE id = 3"))
    link_people(database, RECOGNISER, CONFIG, anew=True)
    assert {row[2] for row in whose(database)} == {1, 2, 4}


def test_a_recording_that_is_cut_anew_keeps_its_people_and_is_looked_at_again(database: Database) -> None:
    link_people(database, RECOGNISER, CONFIG)
    with database.writing() as session:
        turns = [(1, 0.0, 39.0), (2, 39.0, 81.0), (3, 81.0, 120.0), (4, 120.0, 160.0)]
        write_speech(session, 1, speech(turns, heard([0, 1, 2, 3], 7)))
    assert [row for row in whose(database) if row[0] == 1] == FOUND[:3]
    assert is_link_due(database, RECOGNISER, CONFIG)
    link_people(database, RECOGNISER, CONFIG)
    assert [row for row in whose(database) if row[0] == 1] == [*FOUND[:3], (1, 4, 4)]


def test_recordings_of_another_model_are_left_alone(database: Database) -> None:
    link_people(database, RECOGNISER, CONFIG)
    with database.writing() as session:
        for row in session.query(RecordingRow):
            row.model_id = "older"
    assert not is_link_due(database, RECOGNISER, CONFIG)
    link_people(database, RECOGNISER, CONFIG, anew=True)
    assert whose(database) == FOUND


def test_two_who_link_at_once_find_everybody_once(database: Database) -> None:
    others = [database, open_database(database.path)]
    with ThreadPoolExecutor(2) as pool:
        reports = list(pool.map(lambda one: link_people(one, RECOGNISER, CONFIG), others))
    assert sum(report.people for report in reports) == 3
    assert whose(database) == FOUND


def test_what_is_written_meanwhile_is_seen(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    from voicemark.actions import link

    plain, calls = link._linked, 0

    def disturbed(*arguments: Any) -> Any:
        nonlocal calls
        calls += 1
        linked = plain(*arguments)
        if calls == 1:
            add(database, [0, 1], 20)
        return linked

    monkeypatch.setattr(link, "_linked", disturbed)
    link_people(database, RECOGNISER, CONFIG)
    assert calls == 2
    assert [row for row in whose(database) if row[0] == 5] == [(5, 1, 1), (5, 2, 2)]


def test_a_kill_in_the_middle_loses_and_doubles_nothing(database: Database, tmp_path: Path) -> None:
    killed = textwrap.dedent(
        f"""
        import os, signal, sys
        sys.path.insert(0, {str(Path(__file__).parents[1])!r})
        from pathlib import Path
        from actions.test_link import CONFIG, RECOGNISER, open_database
        from voicemark.actions import link
        plain = link.write_links
        def half(*arguments):
            plain(*arguments)
            os.kill(os.getpid(), signal.SIGKILL)
        link.write_links = half
        link.link_people(open_database(Path({str(database.path)!r})), RECOGNISER, CONFIG)
        """
    )
    code, said = run_forked(killed)
    assert code == -9, said
    assert ask(database, WHOSE) == ask(database, "SELECT * FROM persons") == []
    link_people(database, RECOGNISER, CONFIG)
    assert whose(database) == FOUND


def test_who_is_unknown_for_too_long_is_forgotten_and_named_people_stay(database: Database) -> None:
    link_people(database, RECOGNISER, CONFIG)
    perform(database, CONFIG, Name(person=2, name="Berta"), "me")
    link_people(database, RECOGNISER, CONFIG)
    with database.writing() as session:
        for row in session.query(RecordingRow):
            row.scanned_at = datetime.now(UTC) - timedelta(days=1 if row.id == 4 else 40)
    limited = Config.model_validate({"people": {"discover": True, "keep_unknown_days": 30}})
    assert is_link_due(database, RECOGNISER, limited)
    assert link_people(database, RECOGNISER, limited).erased == 5
    left = whose(database)
    assert left == [(1, 2, 2), (2, 1, 2), (3, 3, 2), (4, 2, 1)]  # person 1 is still heard in the fourth
    assert ask(database, "SELECT id FROM persons ORDER BY id") == [(1,), (2,)]
    gone = "SELECT recording_id, number FROM local_speakers WHERE embedding = zeroblob(length(embedding)) ORDER BY 1, 2"
    assert ask(database, gone) == [(1, 1), (1, 3), (2, 2), (3, 1), (3, 2)]
    assert not is_link_due(database, RECOGNISER, limited)
    link_people(database, RECOGNISER, limited, anew=True)
    assert [row for row in whose(database) if row[2] == 2] == left[:3]


def test_a_person_who_was_placed_by_hand_is_not_forgotten(database: Database) -> None:
    link_people(database, RECOGNISER, CONFIG)
    with database.writing() as session:
        session.execute(text("DELETE FROM memberships WHERE recording_id = 1 AND number = 3"))
        place(session, 1, 3, 1, "person")
    limited = Config.model_validate({"people": {"keep_unknown_days": 1}})
    link_people(database, RECOGNISER, limited)
    assert ask(database, WHOSE) == [(1, 3, 1, "person")]
