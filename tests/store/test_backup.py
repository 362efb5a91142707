"""A copy of the database while others write to it."""

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from voicemark.errors import DatabaseError
from voicemark.store.backup import backup
from voicemark.store.database import Database, open_database
from voicemark.store.schema import RecordingRow


def add_recordings(database: Database, first: int, count: int) -> None:
    with database.writing() as session:
        for number in range(first, first + count):
            session.add(
                RecordingRow(
                    path=f"/video/{number}.rec", recorder="vdr", content="c" * 500, title="t",
                    found_at=datetime.now(UTC),
                )
            )  # fmt: skip


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = open_database(tmp_path / "voicemark.db")
    add_recordings(opened, 0, 50)
    yield opened
    opened.close()


def test_a_copy_is_whole_and_opens_as_a_database(database: Database, tmp_path: Path) -> None:
    made = backup(database.path, tmp_path / "copy.db")
    assert made.recordings == 50 and made.size == (tmp_path / "copy.db").stat().st_size
    copy = open_database(tmp_path / "copy.db")
    add_recordings(copy, 50, 1)
    copy.close()
    assert backup(database.path, tmp_path / "copy.db").recordings == 50
    assert sorted(file.name for file in tmp_path.glob("copy*")) == ["copy.db"]


def test_a_copy_made_while_another_process_writes_holds_whole_transactions(database: Database, tmp_path: Path) -> None:
    stop = threading.Event()

    def write() -> None:
        at = 1000
        while not stop.is_set():
            add_recordings(database, at, 10)
            at += 10

    writer = threading.Thread(target=write)
    writer.start()
    try:
        counts = [backup(database.path, tmp_path / "copy.db").recordings for _ in range(5)]
    finally:
        stop.set()
        writer.join()
    assert all(count % 10 == 0 for count in counts)
    assert counts == sorted(counts)


def test_what_was_committed_last_is_in_the_copy_though_it_is_only_in_the_log(
    database: Database, tmp_path: Path
) -> None:
    assert Path(f"{database.path}-wal").stat().st_size > 0
    assert backup(database.path, tmp_path / "copy.db").recordings == 50


def test_a_database_of_any_version_is_copied_as_it_is(database: Database, tmp_path: Path) -> None:
    with sqlite3.connect(database.path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = 'from the future'")
    connection.close()
    backup(database.path, tmp_path / "copy.db")
    with sqlite3.connect(tmp_path / "copy.db") as copy:
        assert copy.execute("SELECT version_num FROM alembic_version").fetchall() == [("from the future",)]
    copy.close()


def test_files_that_are_no_databases_are_not_overwritten(database: Database, tmp_path: Path) -> None:
    letter, link, pipe = tmp_path / "letter.txt", tmp_path / "link.db", tmp_path / "pipe.db"
    letter.write_text("dear")
    link.symlink_to(letter)
    os.mkfifo(pipe)
    bookmarks = tmp_path / "places.sqlite"
    with closing(sqlite3.connect(bookmarks)) as connection, connection:
        connection.execute("CREATE TABLE recordings (a)")
    for target, complaint in (
        (letter, "not overwritten"),
        (link, "not overwritten"),
        (pipe, "not overwritten"),
        (bookmarks, "not overwritten"),
        (tmp_path, "is a folder"),
        (database.path, "the database itself"),
        (tmp_path / "no" / "copy.db", "folder does not exist"),
    ):
        with pytest.raises(DatabaseError, match=complaint):
            backup(database.path, target)
    assert letter.read_text() == "dear"


def test_what_cannot_be_copied_leaves_the_older_copy_and_no_rest(database: Database, tmp_path: Path) -> None:
    backup(database.path, tmp_path / "copy.db")
    (tmp_path / "damaged.db").write_bytes(b"SQLite format 3\0" + b"\xff" * 5000)
    for source in (tmp_path / "gone.db", tmp_path / "damaged.db"):
        with pytest.raises(DatabaseError):
            backup(source, tmp_path / "copy.db")
    assert backup(tmp_path / "copy.db", tmp_path / "second.db").recordings == 50
    assert not list(tmp_path.glob("*.part*"))
