"""Whose local speakers are survives other cuts, models and places."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from support.people import BEGUN, hear, place, speech

from voicemark.actions.acts import Act, Name, Split, Undo
from voicemark.actions.perform import perform
from voicemark.config import Config
from voicemark.result import Recognised, SpeakerTurn
from voicemark.store.backup import backup
from voicemark.store.carry import overlaps, place_said, same_speakers
from voicemark.store.database import Database, open_database
from voicemark.store.markers import known_voice_ids
from voicemark.store.recognised import write_recognised
from voicemark.store.schema import RecordingRow
from voicemark.store.schema_people import PersonRow
from voicemark.store.speakers import write_speech

CUT = [(1, 0, 60), (2, 60, 90), (1, 90, 200), (3, 200, 300)]
ANEW = [(1, 2, 61), (2, 60, 92), (4, 92, 150), (1, 150, 198), (3, 198, 240), (5, 240, 300)]
"""Borders moved; the first is two now, 1 and 4, and so is the third, 3 and 5."""
WHOSE = "SELECT number, person_id, placed_by FROM memberships WHERE recording_id = 1 ORDER BY number"


@pytest.fixture
def database(tmp_path: Path) -> Database:
    opened = open_database(tmp_path / "v.db")
    with opened.writing() as session:
        for _ in range(2):
            session.add(PersonRow(kind="person", by="machine", created_at=BEGUN))
            session.flush()
        hear(session, "/a.ts", CUT)
        hear(session, "/b.ts", CUT)
        place(session, 1, 1, 1, score=0.8)
        place(session, 1, 2, 2, score=0.8)
        place(session, 2, 2, 1, score=0.8)
    return opened


def ask(database: Database, query: str) -> list[tuple[object, ...]]:
    with database.reading() as session:
        return [tuple(row) for row in session.execute(text(query)).all()]


def do(database: Database, act: Act) -> None:
    perform(database, Config(), act, "me")


def cut_anew(database: Database, recording: int = 1) -> None:
    with database.writing() as session:
        write_speech(session, recording, speech(ANEW))
        place_said(session, recording, session.get_one(RecordingRow, recording).content)


def test_whose_they_are_is_carried_over_by_time(database: Database) -> None:
    cut_anew(database)
    assert ask(database, WHOSE) == [(1, 1, "machine"), (2, 2, "machine"), (4, 1, "machine")]


def test_what_a_person_said_stays_and_is_undone_after_another_cut_too(database: Database) -> None:
    do(database, Name(person=1, name="Anna"))
    cut_anew(database)
    assert ask(database, WHOSE) == [(1, 1, "person"), (2, 2, "machine"), (4, 1, "person")]
    do(database, Undo())
    assert ask(database, WHOSE) == [(1, 1, "machine"), (2, 2, "machine"), (4, 1, "machine")]


def test_what_was_split_off_stays_off(database: Database) -> None:
    do(database, Split(person=1, recordings=("/a.ts",)))
    cut_anew(database)
    assert ask(database, "SELECT number, person_id FROM cannot_links ORDER BY number") == [(1, 1), (4, 1)]
    do(database, Undo())
    assert ask(database, WHOSE) == [(1, 1, "machine"), (2, 2, "machine"), (4, 1, "machine")]
    assert ask(database, "SELECT * FROM cannot_links") == []


def test_a_recording_that_was_edited_is_another_one(database: Database) -> None:
    do(database, Name(person=1, name="Anna"))
    with database.writing() as session:
        session.get_one(RecordingRow, 1).content = "other"
        write_speech(session, 1, speech(ANEW), same_content=False)
        place_said(session, 1, "other")
    assert ask(database, WHOSE) == []


def test_what_was_said_is_known_by_content_wherever_it_turns_up(database: Database) -> None:
    """Also after the recording, with all that was kept of it, was gone from the database."""
    do(database, Name(person=1, name="Anna"))
    with database.writing() as session:
        session.execute(text("DELETE FROM recordings WHERE id = 1"))
        number = hear(session, "/moved/a.ts", ANEW, content="/a.ts")
        place_said(session, number, "/a.ts")
        write_recognised(session, {number: Recognised()}, "key", known_voice_ids(session, ["Anna"]))
    assert ask(database, f"SELECT number, person_id FROM memberships WHERE recording_id = {number}") == [(1, 1), (4, 1)]
    assert ask(database, "SELECT speaker, start_s, end_s FROM voice_markers WHERE recording = '/moved/a.ts'") == [
        ("Anna", 2, 61), ("Anna", 92, 198),
    ]  # fmt: skip


def test_markers_are_made_with_what_was_said(database: Database) -> None:
    do(database, Name(person=1, name="Anna"))
    with database.writing() as session:
        write_recognised(session, {1: Recognised()}, "key", known_voice_ids(session, ["Anna"]))
    [(key,)] = ask(database, "SELECT match_key FROM recordings WHERE id = 1")
    [(digest,)] = ask(database, "SELECT digest FROM said WHERE content = '/a.ts'")
    assert key == f"key+{digest}"


def test_what_was_said_is_in_a_backup(database: Database, tmp_path: Path) -> None:
    do(database, Name(person=1, name="Anna"))
    do(database, Split(person=1, recordings=("/b.ts",)))
    backup(database.path, tmp_path / "copy.db")
    copy = open_database(tmp_path / "copy.db")
    assert ask(copy, WHOSE) == ask(database, WHOSE)
    perform(copy, Config(), Undo(), "me")
    perform(copy, Config(), Undo(), "me")
    assert ask(copy, WHOSE) == [(1, 1, "machine"), (2, 2, "machine")]


TURNS = st.lists(st.tuples(st.integers(1, 4), st.integers(1, 9), st.integers(0, 3)), max_size=12)


def _turns(drawn: list[tuple[int, int, int]]) -> list[SpeakerTurn]:
    turns, at = [], 0
    for number, length, pause in drawn:
        turns.append(SpeakerTurn(float(at + pause), float(at + pause + length), number))
        at += pause + length
    return turns


@given(TURNS, TURNS)
def test_overlaps_are_those_of_every_pair_of_turns(
    before: list[tuple[int, int, int]], after: list[tuple[int, int, int]]
) -> None:
    old, new = _turns(before), _turns(after)
    slow: dict[tuple[int, int], float] = {}
    for one in new:
        for other in old:
            both = min(one.end_s, other.end_s) - max(one.start_s, other.start_s)
            if both > 0:
                key = (one.local_speaker, other.local_speaker)
                slow[key] = slow.get(key, 0.0) + both
    assert overlaps(old, new) == slow


@given(TURNS)
def test_the_same_cut_keeps_everybody(drawn: list[tuple[int, int, int]]) -> None:
    turns = _turns(drawn)
    assert same_speakers(turns, turns) == {turn.local_speaker: turn.local_speaker for turn in turns}
