"""A database that is taken away while it is open is noticed at once, and nothing is called written that is not."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from voicemark.store.backup import backup
from voicemark.store.database import Database, open_database
from voicemark.store.schema import VoiceRow
from voicemark.store.sqlite_errors import DatabaseLostError


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    (tmp_path / "folder").mkdir()
    opened = open_database(tmp_path / "folder" / "v.db")
    yield opened
    opened.close()


def write(database: Database, name: str) -> None:
    with database.writing() as session:
        session.add(VoiceRow(name=name, enrolled_at=datetime.now(UTC)))


def names(database: Database) -> list[str]:
    with database.reading() as session:
        return list(session.scalars(select(VoiceRow.name).order_by(VoiceRow.name)))


def test_deleted_it_is_neither_written_nor_read_nor_made_anew(database: Database) -> None:
    write(database, "Anna")
    for file in database.path.parent.glob("v.db*"):
        file.unlink()
    for use in (lambda: write(database, "Bert"), lambda: names(database)):
        with pytest.raises(DatabaseLostError, match="is gone") as caught:
            use()
        assert not caught.value.replaced
    assert not database.may_come_back()
    assert not database.path.exists()


def test_taken_away_within_a_transaction_it_is_not_committed(database: Database, tmp_path: Path) -> None:
    with pytest.raises(DatabaseLostError), database.writing() as session:
        session.add(VoiceRow(name="Anna", enrolled_at=datetime.now(UTC)))
        session.flush()
        database.path.rename(tmp_path / "aside.db")
    (tmp_path / "aside.db").rename(database.path)
    assert names(database) == []


def test_back_again_it_is_used_again(database: Database, tmp_path: Path) -> None:
    write(database, "Anna")
    shutil.move(database.path.parent, tmp_path / "aside")  # as a disk that is not mounted for a while
    with pytest.raises(DatabaseLostError):
        write(database, "Bert")
    assert database.may_come_back()
    shutil.move(tmp_path / "aside", database.path.parent)
    write(database, "Bert")
    assert names(database) == ["Anna", "Bert"]


def test_written_over_in_its_place_it_is_another(database: Database, tmp_path: Path) -> None:
    """As by `cp other.db v.db` while nothing waits in the log."""
    write(database, "Anna")
    open_database(tmp_path / "other.db").close()
    with database.locked(), database.connection() as connection:
        connection.exec_driver_sql("ROLLBACK")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    database.reconnect()
    with database.path.open("r+b") as file:
        file.write((tmp_path / "other.db").read_bytes())
        file.truncate()
    with pytest.raises(DatabaseLostError, match="was replaced") as caught:
        write(database, "Bert")
    assert caught.value.replaced
    with closing(sqlite3.connect(database.path)) as connection:
        assert connection.execute("SELECT count(*) FROM voices").fetchone() == (0,)


def test_replaced_by_a_copy_the_old_log_is_not_replayed_into_it(database: Database, tmp_path: Path) -> None:
    write(database, "Anna")
    backup(database.path, tmp_path / "copy.db")
    for number in range(50):
        write(database, f"later {number}")
    (tmp_path / "copy.db").rename(database.path)
    with pytest.raises(DatabaseLostError, match="was replaced") as caught:
        write(database, "Bert")
    assert caught.value.replaced
    with closing(sqlite3.connect(database.path)) as connection:
        assert connection.execute("SELECT name FROM voices").fetchall() == [("Anna",)]
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
