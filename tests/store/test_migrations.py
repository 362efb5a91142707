"""A database of an earlier version is taken over with all that it holds.

`databases/NNNN.sql` is what `sqlite3 .dump` says of a database that the version of that revision wrote: one recording
in which Anna and Bert are heard, its windows, and the memories of three voices.
"""

import sqlite3
from contextlib import closing
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


def written(folder: Path, version: str) -> Path:
    """The file of an earlier version."""
    path = folder / "voicemark.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript((DATABASES / f"{version}.sql").read_text(encoding="utf-8"))
    return path


@pytest.fixture(scope="module", params=VERSIONS)
def taken_over(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same after this version has opened it, which tests only read."""
    path = written(tmp_path_factory.mktemp(request.param), request.param)
    open_database(path).close()
    return path


def test_every_version_but_todays_has_a_database_to_try() -> None:
    settings = Config()
    settings.set_main_option("script_location", str(revision.MIGRATIONS))
    script = ScriptDirectory.from_config(settings)
    assert sorted(one.revision for one in script.walk_revisions() if not one.is_head) == VERSIONS


def test_markers_stay(taken_over: Path) -> None:
    found = (
        sqlite3.connect(taken_over)
        .execute("SELECT speaker, start_s, title FROM voice_markers ORDER BY start_s")
        .fetchall()
    )
    assert found == [("Anna", 0.0, "Abendschau"), ("Bert", 19.75, "Abendschau")]


def test_everybody_who_is_enrolled_gets_a_number(taken_over: Path) -> None:
    found = (
        sqlite3.connect(taken_over)
        .execute("SELECT person, name, kind, recordings FROM people ORDER BY person")
        .fetchall()
    )
    names = [row[0] for row in sqlite3.connect(taken_over).execute("SELECT name FROM voices ORDER BY id")]
    assert found == [(number, name, "person", 0) for number, name in enumerate(names, 1)]


def test_nothing_refers_to_what_is_not_there(taken_over: Path) -> None:
    connection = sqlite3.connect(taken_over)
    assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_what_is_kept_of_a_recording_can_be_matched(taken_over: Path) -> None:
    with open_database(taken_over).reading() as session:
        row = session.scalars(select(EmbeddingRow)).one()
        found = unpack(row.turns or b"", row.dim, row.hop_s, row.window_s)
        assert found is None or int(found.lengths.sum()) == row.windows
        assert len(row.data) == row.windows * row.dim


def test_what_was_heard_before_is_of_unknown_numbers(taken_over: Path) -> None:
    assert sqlite3.connect(taken_over).execute("SELECT numerics FROM recordings").fetchall() == [(None,)]


def test_markers_begin_and_end_where_they_are_shown_to(tmp_path: Path) -> None:
    old = written(tmp_path, "0011")
    connection = sqlite3.connect(old)
    connection.execute("UPDATE markers SET start_s = start_s + 0.0049, end_s = end_s + 0.126")
    shown = connection.execute("SELECT start_s, end_s FROM voice_markers ORDER BY start_s").fetchall()
    connection.commit()
    connection.close()
    open_database(old).close()
    kept = sqlite3.connect(old).execute("SELECT start_s, end_s FROM markers ORDER BY start_s").fetchall()
    assert kept == shown


def test_markers_keep_their_numbers_and_what_somebody_made_of_them_and_none_is_used_again(tmp_path: Path) -> None:
    old = written(tmp_path, "0015")
    with closing(sqlite3.connect(old)) as connection:
        connection.execute("CREATE VIEW mine AS SELECT id, start_s FROM markers")
        connection.execute("UPDATE markers SET id = 40 WHERE id = 2")
        connection.commit()
    open_database(old).close()
    with closing(sqlite3.connect(old)) as connection:
        assert connection.execute("SELECT * FROM mine").fetchall() == [(1, 0.0), (40, 19.75)]
        connection.execute("DELETE FROM markers WHERE id = 40")
        connection.execute("INSERT INTO markers SELECT NULL, recording_id, voice_id, NULL, 1, 2, 0.5 FROM markers")
        assert connection.execute("SELECT id FROM markers").fetchall() == [(1,), (41,)]
