"""What is known of voices is for its user alone, whatever the umask and whoever asks first."""

import os
import sqlite3
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from voicemark.errors import DatabaseError
from voicemark.store.backup import backup
from voicemark.store.database import Database, open_database, open_to_read
from voicemark.store.migrate import copy_before
from voicemark.store.schema import VoiceRow


@pytest.fixture(autouse=True, params=[0o000, 0o022, 0o077])
def umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


def modes(folder: Path) -> dict[str, int]:
    return {file.name: stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()}


def write(database: Database) -> None:
    with database.writing() as session:
        session.add(VoiceRow(name="Anna", enrolled_at=datetime.now(UTC)))


def test_database_log_and_copies_are_their_users_alone(tmp_path: Path) -> None:
    database = open_database(tmp_path / "v.db")
    write(database)
    backup(database.path, tmp_path / "copy.db")
    assert set(modes(tmp_path)) >= {"v.db", "v.db-wal", "v.db-shm", "copy.db"}
    assert set(modes(tmp_path).values()) == {0o600}


def test_a_folder_that_states_a_group_lets_it_read(tmp_path: Path) -> None:
    tmp_path.chmod(0o2755)
    write(open_database(tmp_path / "v.db"))
    assert set(modes(tmp_path).values()) == {0o640}


def test_a_database_that_was_open_to_all_is_closed_and_an_owners_choice_of_a_group_stays(tmp_path: Path) -> None:
    open_database(tmp_path / "v.db").close()
    for before, after in ((0o644, 0o600), (0o640, 0o640), (0o660, 0o660)):
        (tmp_path / "v.db").chmod(before)
        open_database(tmp_path / "v.db").close()
        assert modes(tmp_path)["v.db"] == after


def test_the_copy_before_a_migration_holds_what_was_there_and_is_private(tmp_path: Path) -> None:
    path = tmp_path / "v.db"
    dump = Path(__file__).parent / "databases" / "0001.sql"
    connection = sqlite3.connect(path)
    connection.executescript(dump.read_text(encoding="utf-8"))
    connection.close()
    open_database(path).close()
    copy = sqlite3.connect(copy_before(path))
    assert copy.execute("SELECT version_num FROM alembic_version").fetchall() == [("0001",)]
    assert copy.execute("SELECT count(*) FROM markers").fetchone() > (0,)
    copy.close()
    assert modes(tmp_path)[copy_before(path).name] == 0o600
    assert sorted(modes(tmp_path)) == ["v.db", copy_before(path).name], "leftovers"


def test_a_question_makes_no_database(tmp_path: Path) -> None:
    with pytest.raises(DatabaseError, match="no database yet"):
        open_to_read(tmp_path / "v.db")
    assert list(tmp_path.iterdir()) == []
