"""What is opened for one question behaves as the database does: the same errors, snapshots, and nothing written."""

import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from voicemark.errors import DatabaseError
from voicemark.store.database import open_database, open_to_read
from voicemark.store.reader import open_reader
from voicemark.store.sqlite_errors import DatabaseLostError, DatabaseUnavailableError

OLD = Path(__file__).parent / "databases" / "0012.sql"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    open_database(tmp_path / "v.db").close()
    return tmp_path / "v.db"


def test_what_is_committed_meanwhile_is_not_seen_before_the_next_snapshot(path: Path) -> None:
    reader = open_reader(path)
    count = "SELECT count(*) FROM voices"
    with closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA journal_mode=WAL")
        with reader.snapshot() as connection:
            before = connection.execute(count).fetchone()
            other.execute("INSERT INTO voices (name, enrolled_at) VALUES ('Anna', '2024-01-01 00:00:00.000000')")
            other.commit()
            assert connection.execute(count).fetchone() == before == (0,)
        with reader.snapshot() as connection:
            assert connection.execute(count).fetchone() == (1,)
    reader.close()


def test_nothing_can_be_written(path: Path) -> None:
    reader = open_reader(path)
    with pytest.raises(DatabaseError, match="is read-only"), reader.snapshot() as connection:
        connection.execute("DELETE FROM voices")
    reader.close()


def test_a_database_of_an_older_version_is_brought_to_this_one(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "v.db")) as old:
        old.executescript(OLD.read_text(encoding="utf-8"))
    reader = open_reader(tmp_path / "v.db")
    with reader.snapshot() as connection:
        assert connection.execute("SELECT count(*) FROM voice_markers").fetchone() == (2,)
    reader.close()


def no_file(path: Path) -> None:
    path.unlink()


def a_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def no_database(path: Path) -> None:
    path.write_bytes(b"no database " * 200)


def of_a_newer_program(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()


@pytest.mark.parametrize("spoil", [no_file, a_pipe, no_database, of_a_newer_program])
def test_what_cannot_be_opened_is_told_as_ever(path: Path, spoil: Callable[[Path], None]) -> None:
    spoil(path)
    told = []
    ways: list[Callable[..., Any]] = [open_reader, open_to_read]
    for way in ways:
        with pytest.raises(DatabaseError) as raised:
            way(path)
        told.append(str(raised.value))
    assert told[0] == told[1]


def test_a_file_that_was_replaced_is_not_taken_for_the_old_one(path: Path) -> None:
    reader = open_reader(path)
    shutil.copy(path, path.with_name("other.db"))
    path.with_name("other.db").replace(path)
    with pytest.raises(DatabaseLostError), reader.snapshot():
        pass
    reader.close()


def test_whoever_may_write_now_is_told_nothing_and_leaves_nothing(path: Path) -> None:
    before = path.read_bytes()
    reader = open_reader(path, busy_timeout_s=0.05)
    reader.try_to_write()
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(DatabaseUnavailableError, match="is locked"):
            reader.try_to_write()
    reader.close()
    assert path.read_bytes() == before and [file.name for file in path.parent.iterdir()] == ["v.db"]
