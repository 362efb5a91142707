"""What is found by words is what a look at every text finds, whatever was written, changed and deleted before."""

import sqlite3
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select, text
from sqlalchemy.orm import Session
from support.page import BEGAN

from voicemark.store.database import Database, open_database
from voicemark.store.schema import MarkerRow, ProgrammeRow, RecordingProgrammeRow, RecordingRow, VoiceRow
from voicemark.store.search import about, words_of

WORDS = ("Küste", "kuste", "Wetter", "WETTERBERICHT", "anna", "zdf", "HD", "1", "straße")
titles = st.lists(st.sampled_from(WORDS), max_size=3).map(" ".join)
OLD = Path(__file__).parent / "databases/0004.sql"
steps = st.lists(
    st.tuples(st.sampled_from(("add", "rename", "delete", "lay", "describe", "drop", "hear", "forget")),
              st.integers(0, 3), titles),
    max_size=12,
)  # fmt: skip


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Database:
    return open_database(tmp_path_factory.mktemp("search") / "v.db")


def found(session: Session, sought: str) -> set[int]:
    return set(session.scalars(select(RecordingRow.id).where(*about(session, sought))))


def folded(words: str) -> list[str]:
    return [word.casefold().replace("ü", "u") for word in words.split()]


def looked_at(session: Session, sought: str) -> set[int]:
    """The slow way: every text of every recording."""
    matching = set()
    for row in session.scalars(select(RecordingRow)):
        texts = [row.title, row.subtitle, row.channel]
        for laid in row.programmes:
            one = laid.programme
            texts += [one.title, one.subtitle, one.description, one.channel]
        texts += [marker.voice.name for marker in row.markers]
        words = [word for one in texts if one for word in folded(one)]
        if all(any(word.startswith(start) for word in words) for start in folded(sought)):
            matching.add(row.id)
    return matching


def apply(session: Session, step: tuple[str, int, str]) -> None:
    what, n, title = step
    recording, programme = session.get(RecordingRow, n), session.get(ProgrammeRow, n)
    if what == "add" and recording is None:
        session.add(RecordingRow(id=n, path=str(n), recorder="plain", content=str(n), title=title, found_at=BEGAN))
    elif what == "rename" and recording is not None:
        recording.title, recording.subtitle, recording.channel = title, title[::-1] or None, None
    elif what == "delete":
        session.execute(delete(RecordingRow).where(RecordingRow.id == n))
    elif what == "describe" and programme is not None:
        programme.description, programme.channel = title or None, title
    elif what == "lay" and recording is not None and not recording.programmes:
        if programme is None:
            session.add(ProgrammeRow(id=n, identity=str(n), source="eit", title=title))
            session.flush()
        recording.programmes.append(RecordingProgrammeRow(programme_id=n, start_s=0, end_s=1))
    elif what == "drop":
        session.execute(delete(ProgrammeRow).where(ProgrammeRow.id == n))
    elif what == "hear" and recording is not None:
        if session.get(VoiceRow, n) is None:
            session.add(VoiceRow(id=n, name=f"{title} {n}", enrolled_at=BEGAN))
            session.flush()
        session.add(MarkerRow(recording_id=n, voice_id=n, start_s=0, end_s=1, score=1))
    elif what == "forget":
        session.execute(delete(VoiceRow).where(VoiceRow.id == n))
    session.flush()
    session.expire_all()


@given(steps, titles)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_index_finds_what_a_look_at_every_text_finds(
    database: Database, steps: list[tuple[str, int, str]], sought: str
) -> None:
    with pytest.raises(StopIteration), database.writing() as session:  # nothing of it is kept
        for step in steps:
            apply(session, step)
        assert found(session, sought) == looked_at(session, sought)
        for index in ("recording_texts", "programme_texts"):
            session.execute(text(f"INSERT INTO {index}({index}, rank) VALUES ('integrity-check', 1)"))
        raise StopIteration


@given(st.text())
@settings(max_examples=50)
def test_no_question_is_an_error(database: Database, sought: str) -> None:
    assert len(words_of(sought)) <= 8
    with database.reading() as session:
        assert found(session, sought) == set()


def test_a_database_that_was_there_before_is_indexed_too(tmp_path: Path) -> None:
    path = tmp_path / "v.db"
    connection = sqlite3.connect(path)
    connection.executescript(OLD.read_text(encoding="utf-8"))
    connection.close()
    with open_database(path).reading() as session:
        assert len(found(session, "abend")) == 1
        assert len(found(session, "anna abendschau")) == 1
        assert found(session, "carl") == set()
