"""A database of an earlier version is taken over with all that it holds.

`databases/NNNN.sql` is what `sqlite3 .dump` says of a database that the version of that revision wrote: one recording
in which Anna and Bert are heard, its windows, and the memories of three voices.
"""

import sqlite3
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import select

from voicemark.store import revision
from voicemark.store.database import open_database
from voicemark.store.schema import EmbeddingRow
from voicemark.voice.diarization import unpack

DATABASES = Path(__file__).parent / "databases"
VERSIONS = sorted(path.stem for path in DATABASES.glob("*.sql"))


@pytest.fixture(params=VERSIONS)
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The file of an earlier version."""
    path = tmp_path / "voicemark.db"
    connection = sqlite3.connect(path)
    connection.executescript((DATABASES / f"{request.param}.sql").read_text(encoding="utf-8"))
    connection.close()
    return path


def test_every_version_but_todays_has_a_database_to_try() -> None:
    settings = Config()
    settings.set_main_option("script_location", str(revision.MIGRATIONS))
    script = ScriptDirectory.from_config(settings)
    assert sorted(one.revision for one in script.walk_revisions() if not one.is_head) == VERSIONS


def test_markers_stay(old: Path) -> None:
    open_database(old).close()
    found = (
        sqlite3.connect(old).execute("SELECT speaker, start_s, title FROM voice_markers ORDER BY start_s").fetchall()
    )
    assert found == [("Anna", 0.0, "Abendschau"), ("Bert", 19.75, "Abendschau")]


def test_everybody_who_is_enrolled_gets_a_number(old: Path) -> None:
    open_database(old).close()
    found = sqlite3.connect(old).execute("SELECT person, name, kind, recordings FROM people ORDER BY person").fetchall()
    names = [row[0] for row in sqlite3.connect(old).execute("SELECT name FROM voices ORDER BY id")]
    assert found == [(number, name, "person", 0) for number, name in enumerate(names, 1)]


def test_nothing_refers_to_what_is_not_there(old: Path) -> None:
    open_database(old).close()
    connection = sqlite3.connect(old)
    assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_what_is_kept_of_a_recording_can_be_matched(old: Path) -> None:
    with open_database(old).reading() as session:
        row = session.scalars(select(EmbeddingRow)).one()
        found = unpack(row.turns or b"", row.dim, row.hop_s, row.window_s)
        assert found is None or int(found.lengths.sum()) == row.windows
        assert len(row.data) == row.windows * row.dim


def test_what_was_heard_before_is_of_unknown_numbers(old: Path) -> None:
    open_database(old).close()
    assert sqlite3.connect(old).execute("SELECT numerics FROM recordings").fetchall() == [(None,)]


@pytest.mark.parametrize("old", ["0011"], indirect=True)
def test_markers_begin_and_end_where_they_are_shown_to(old: Path) -> None:
    connection = sqlite3.connect(old)
    connection.execute("UPDATE markers SET start_s = start_s + 0.0049, end_s = end_s + 0.126")
    shown = connection.execute("SELECT start_s, end_s FROM voice_markers ORDER BY start_s").fetchall()
    connection.commit()
    connection.close()
    open_database(old).close()
    kept = sqlite3.connect(old).execute("SELECT start_s, end_s FROM markers ORDER BY start_s").fetchall()
    assert kept == shown
