"""What is kept as sums is what looking at every row gives, whatever was written, moved and taken away."""

import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.orm import Session

from voicemark.result import Marker
from voicemark.store.connections import plain
from voicemark.store.database import Database, open_database
from voicemark.store.markers import replace_markers, voice_ids
from voicemark.store.people import list_people
from voicemark.store.recognised import PLACE

OLD = Path(__file__).parent / "databases" / "0014.sql"
DOCUMENT = (Path(__file__).parents[2] / "docs" / "database.md").read_text(encoding="utf-8")
QUERIES = dict(re.findall(r"\n\n([^\n]+)\n\n```sql\n(.*?)```", DOCUMENT, re.DOTALL))
VOICES = ("newsreader", "weatherman", "Anna")
RECORDINGS, SPEAKERS, PERSONS = 4, 3, 3

VOICES_SLOWLY = """
SELECT voice_id, recording_id, count(*), sum(CAST(round((end_s - start_s) * 100) AS INTEGER)), min(score)
  FROM markers GROUP BY voice_id, recording_id ORDER BY voice_id, recording_id
"""
PERSONS_SLOWLY = """
SELECT m.person_id, count(DISTINCT m.recording_id), coalesce(sum(CAST(round(s.seconds * 100) AS INTEGER)), 0)
  FROM memberships m
  LEFT JOIN local_speakers s ON s.recording_id = m.recording_id AND s.number = m.number
 GROUP BY m.person_id ORDER BY m.person_id
"""
BEFORE = {
    "How long does each voice speak, in all recordings?": "SELECT speaker, round(sum(end_s - start_s) / 60, 1) AS m, "
    "count(DISTINCT recording) FROM voice_markers GROUP BY speaker ORDER BY m DESC",
    "Where is she heard, newest first?": "SELECT title, at_min, recording FROM voice_markers "
    "WHERE speaker = 'newsreader' ORDER BY started_at DESC, start_s",
    "Doubtful markers, to listen to:": "SELECT speaker, score, recording, at_min FROM voice_markers "
    "ORDER BY score LIMIT 50",
    "Markers of the last seven days:": "SELECT * FROM voice_markers WHERE started_at >= datetime('now', '-7 days')",
    "Recordings in which two voices are both heard:": "SELECT recording, title FROM recording_list "
    "WHERE recording IN (SELECT recording FROM voice_markers WHERE speaker = 'newsreader') "
    "AND recording IN (SELECT recording FROM voice_markers WHERE speaker = 'weatherman')",
    "Recordings in which none of the voices is heard:": "SELECT recording, title FROM recording_list WHERE "
    "state = 'done' AND NOT EXISTS (SELECT 1 FROM voice_markers m WHERE m.recording = recording_list.recording)",
}
"""Documented questions as they were asked before there were sums: of every marker."""


def fill(session: Session) -> None:
    """Recordings that are done, a day apart, the last of them now; and persons."""
    now = datetime.now(UTC).replace(tzinfo=None)
    for number in range(1, RECORDINGS + 1):
        at = (now - timedelta(days=3 * (RECORDINGS - number))).isoformat(" ", "microseconds")
        session.execute(
            text(
                "INSERT INTO recordings (id, path, recorder, content, title, started_at, found_at, scanned_at) "
                "VALUES (:n, '/v/' || :n, 'plain', :n, 'T' || :n, :at, :at, :at)"
            ),
            {"n": number, "at": at},
        )
    for number in range(101, 101 + PERSONS):
        session.execute(
            text("INSERT INTO persons (id, kind, \"by\", created_at) VALUES (:n, 'person', 'person', :at)"),
            {"n": number, "at": now.isoformat(" ", "microseconds")},
        )


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Database:
    return open_database(tmp_path_factory.mktemp("sums") / "v.db")


def rows(session: Session, query: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in session.execute(text(query))]


Act = Callable[[Session], None]
NUMBER, SPEAKER, PERSON = st.integers(1, RECORDINGS), st.integers(1, SPEAKERS), st.integers(101, 100 + PERSONS)
SPANS = st.lists(st.tuples(st.sampled_from(VOICES), st.integers(0, 9_999), st.integers(1, 5_000), st.integers(0, 99)))


def heard(numbers: set[int], spans: list[tuple[str, int, int, int]]) -> Act:
    found = [Marker(voice, a / 100, (a + n) / 100, score / 100) for voice, a, n, score in spans]
    return lambda session: _nothing(
        replace_markers(session, dict.fromkeys(sorted(numbers), found), "key", voice_ids(session, VOICES))
    )


def _nothing(_: object) -> None:
    """An act gives nothing back."""


def said(statement: str, **values: Any) -> Act:
    return lambda session: (session.execute(text(statement), values), None)[1]


ACTS: st.SearchStrategy[Act] = st.one_of(
    st.builds(heard, st.sets(NUMBER, min_size=1), SPANS),
    st.builds(
        lambda r, n, p: said(PLACE.replace("?, ?, ?, ?, ?", ":r, :n, :p, 'person', NULL"), r=r, n=n, p=p),
        NUMBER, SPEAKER, PERSON,
    ),
    st.builds(
        lambda r, n, s: said("INSERT OR IGNORE INTO local_speakers VALUES (:r, :n, :s, x'00')", r=r, n=n, s=s),
        NUMBER, SPEAKER, st.floats(0, 9_999),
    ),
    st.builds(
        lambda p, q: said("UPDATE memberships SET person_id = :q WHERE person_id = :p", p=p, q=q),
        PERSON, PERSON,
    ),
    st.builds(
        lambda r, s: said("UPDATE local_speakers SET seconds = :s WHERE recording_id = :r", r=r, s=s),
        NUMBER, st.floats(0, 99),
    ),
    st.builds(lambda r: said("DELETE FROM local_speakers WHERE recording_id = :r", r=r), NUMBER),
    st.builds(
        lambda r, n: said("DELETE FROM memberships WHERE recording_id = :r AND number = :n", r=r, n=n),
        NUMBER, SPEAKER,
    ),
    st.builds(lambda v: said("DELETE FROM voices WHERE name = :v", v=v), st.sampled_from(VOICES)),
)  # fmt: skip


class UndoneError(Exception):
    """What an example wrote is not kept."""


@settings(deadline=None)
@given(st.lists(ACTS, max_size=12), st.sets(NUMBER))
def test_sums_are_what_every_row_says(shared: Database, acts: list[Act], gone: set[int]) -> None:
    with pytest.raises(UndoneError), shared.writing() as session:
        fill(session)
        for act in acts:
            act(session)
        for number in gone:
            session.execute(text("DELETE FROM recordings WHERE id = :n"), {"n": number})
        order = "ORDER BY voice_id, recording_id"
        assert rows(session, f"SELECT * FROM voice_sums {order}") == rows(session, VOICES_SLOWLY)
        assert rows(session, "SELECT * FROM person_sums ORDER BY person_id") == rows(session, PERSONS_SLOWLY)
        raise UndoneError


@pytest.mark.parametrize("name", BEFORE)
def test_a_question_to_sums_is_answered_as_one_to_every_marker(shared: Database, name: str) -> None:
    spans = [
        ("newsreader", 100, 70_000, 70),
        ("newsreader", 900, 50_000, 64),
        ("weatherman", 300, 4_000, 66),
        ("Anna", 5, 9, 90),
    ]
    with pytest.raises(UndoneError), shared.writing() as session:
        fill(session)
        for number in (4, 1):
            heard({number}, [(voice, at, n, score - number) for voice, at, n, score in spans])(session)
        heard({2}, spans[:2])(session)
        answer, before = rows(session, QUERIES[name]), rows(session, BEFORE[name])
        if "ORDER BY" not in BEFORE[name]:
            answer, before = sorted(answer, key=repr), sorted(before, key=repr)
        assert answer == before and answer
        raise UndoneError


def test_a_database_of_before_gets_its_sums(tmp_path: Path) -> None:
    path = tmp_path / "v.db"
    with closing(sqlite3.connect(path)) as old:
        old.executescript(OLD.read_text(encoding="utf-8"))
        person = old.execute("SELECT min(id) FROM persons").fetchone()[0]
        speakers = old.execute("SELECT recording_id, number FROM local_speakers").fetchall()
        assert speakers
        old.executemany(f"INSERT INTO memberships VALUES (?, ?, {person}, 'machine', 0.9)", speakers)
        old.commit()
        people = old.execute("SELECT person, name, kind, recordings, first_heard, mostly_in FROM people").fetchall()
        hours = old.execute("SELECT hours FROM people").fetchall()
    database = open_database(path)
    with database.reading() as session:
        assert rows(session, "SELECT * FROM voice_sums ORDER BY 1, 2") == rows(session, VOICES_SLOWLY) != []
        assert rows(session, "SELECT * FROM person_sums") == rows(session, PERSONS_SLOWLY) != []
        assert rows(session, "SELECT person, name, kind, recordings, first_heard, mostly_in FROM people") == people
        assert rows(session, "SELECT hours FROM people") == [pytest.approx(row, abs=0.001) for row in hours]
    database.close()


def steps_of(session: Session, ask: Callable[[], object]) -> int:
    """Hundreds of instructions that SQLite carries out for it; not a time, so the same whatever else goes on."""
    taken = 0

    def one() -> int:
        nonlocal taken
        taken += 1
        return 0

    connection = plain(session)
    connection.set_progress_handler(one, 100)
    ask()
    connection.set_progress_handler(None, 0)
    return taken


def test_of_many_people_only_those_shown_are_looked_at_closely(shared: Database) -> None:
    many = 400
    with pytest.raises(UndoneError), shared.writing() as session:
        fill(session)
        for number in range(many):
            values = {"n": 1000 + number, "r": 1 + number % RECORDINGS}
            for statement in (
                "INSERT INTO persons (id, kind, \"by\", created_at) VALUES (:n, 'person', 'machine', '2024-01-01')",
                "INSERT INTO local_speakers VALUES (:r, :n, :n * 10.0, x'00')",
                "INSERT INTO memberships VALUES (:r, :n, :n, 'machine', 0.9)",
            ):
                session.execute(text(statement), values)
        page = steps_of(session, lambda: list_people(session, "person", False, limit=10))
        everybody = steps_of(session, lambda: list_people(session, "person", False))
        found = list_people(session, "person", False)
        assert [one.person for one in found[:2]] == [1000 + many - 1, 1000 + many - 2] and len(found) == many
        assert list_people(session, "person", False, limit=10, offset=5) == found[5:15]
        assert page * 2 < everybody
        raise UndoneError
