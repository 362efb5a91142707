"""The database as the page finds it: none, locked, of another version, replaced. A sentence says what is the matter."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import text
from support.page import Browser, Seen

from voicemark.config import Config
from voicemark.errors import DatabaseError
from voicemark.store.database import Database
from voicemark.web.app import make_app
from voicemark.web.archive import Archive

UNAVAILABLE = 503


def browser_of(config: Config) -> Browser:
    return Browser(make_app(config, archive=Archive(config.database.path, patience_s=0.05)))


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Somebody has it locked: outside of WAL mode readers wait for who writes."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode=DELETE")
    connection.execute("BEGIN EXCLUSIVE")
    yield
    connection.close()


def changed(path: Path, statement: str) -> None:
    connection = sqlite3.connect(path)
    connection.execute(statement)
    connection.commit()
    connection.close()


def test_a_locked_one_is_said_so_and_asked_again_later(config: Config) -> None:
    browser = browser_of(config)
    with held(config.database.path):
        answer = browser.get("/")
        assert answer.status_code == UNAVAILABLE and answer.headers["retry-after"]
        assert "is locked by another program" in Seen(answer.text).text
    assert browser.get("/").status_code == 200


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("UPDATE alembic_version SET version_num = '9999'", "newer voicemark"),
        ("UPDATE alembic_version SET version_num = '0001'", "older voicemark"),
    ],
)
def test_one_of_another_version_is_said_so_and_left_as_it_is(config: Config, statement: str, told: str) -> None:
    changed(config.database.path, statement)
    before = config.database.path.read_bytes()
    answer = browser_of(config).get("/recordings/1")
    assert answer.status_code == UNAVAILABLE and told in Seen(answer.text).text
    assert config.database.path.read_bytes() == before


def test_none_and_what_is_none_are_said_so(config: Config) -> None:
    path = config.database.path
    path.unlink()
    browser = browser_of(config)
    assert "there is no database yet" in Seen(browser.get("/").text).text
    assert not path.exists()
    path.write_bytes(b"no database at all" * 1000)
    answer = browser.get("/")
    assert answer.status_code == UNAVAILABLE and "no SQLite database" in Seen(answer.text).text


def test_one_that_was_replaced_is_opened_anew(config: Config, archive: Path) -> None:
    browser = browser_of(config)
    assert browser.get("/").status_code == 200
    new = config.database.path.with_name("new")
    shutil.copy(archive, new)
    changed(new, "UPDATE recordings SET title = 'Another archive'")
    new.replace(config.database.path)
    assert "Another archive" in browser.get("/").text


def test_what_the_service_writes_is_seen_at_once(config: Config, database: Database) -> None:
    browser = browser_of(config)
    assert browser.get("/").status_code == 200
    with database.writing() as session:
        session.execute(text("UPDATE recordings SET title = 'Just written' WHERE id = 1"))
        assert "Just written" not in browser.get("/").text
    assert "Just written" in browser.get("/?q=just+writ").text


def test_the_page_cannot_write(config: Config) -> None:
    archive = Archive(config.database.path)
    with pytest.raises(DatabaseError, match="read-only"), archive.reading() as session:
        session.execute(text("DELETE FROM recordings"))
    archive.close()
