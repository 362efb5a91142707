"""A database of another program that the configuration names by mistake: every command refuses it, and leaves it."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from support.commands import run

from voicemark.errors import DatabaseError
from voicemark.store.database import open_database, open_to_read
from voicemark.store.reader import open_reader

COMMANDS = (
    "markers", "status", "scan a.ts", "people", "people log", "people show 1", "ask", "forget Anna", "playlist Anna",
    "play a.ts", "report a.ts --html r.html", "retry --all", "enrol", "correct 1 --not Anna", "backup copy.db",
    "export csv a.ts",
)  # fmt: skip


def another(path: Path, tables: str, *, log: bool = False) -> Path:
    with closing(sqlite3.connect(path)) as connection:
        if log:
            connection.execute("PRAGMA journal_mode=WAL")
        connection.executescript(tables)
    path.chmod(0o644)
    return path


@pytest.fixture
def place(tmp_path: Path) -> Path:
    another(tmp_path / "photos.db", "CREATE TABLE photos (id INTEGER PRIMARY KEY); INSERT INTO photos VALUES (7);")
    (tmp_path / "config.toml").write_text('[database]\nurl = "sqlite:///photos.db"\n')
    (tmp_path / "a.ts").write_bytes(b"G" * 1880)
    return tmp_path


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_refuses_it_and_leaves_it_as_it_is(place: Path, monkeypatch, command: str) -> None:
    monkeypatch.chdir(place)
    before = {file.name: (file.read_bytes(), file.stat().st_mode) for file in place.iterdir()}
    done = run(*command.split(), "-c", place / "config.toml")
    assert done.returncode in (1, 2)
    assert "photos.db: is a database of another program" in done.stderr and "[database] url" in done.stderr
    assert {file.name: (file.read_bytes(), file.stat().st_mode) for file in place.iterdir()} == before


@pytest.mark.parametrize("command", ["doctor", "config check"])
def test_who_looks_at_the_installation_is_told_once(place: Path, command: str) -> None:
    done = run(*command.split(), "-c", place / "config.toml")
    assert done.returncode == 1
    assert (done.stdout + done.stderr).count("is a database of another program") == 1


@pytest.mark.parametrize(
    "tables",
    [
        "CREATE TABLE alembic_version (version_num TEXT); INSERT INTO alembic_version VALUES ('0004');",
        "CREATE TABLE recordings (id INTEGER); CREATE TABLE markers (id INTEGER);",
        "CREATE VIEW v AS SELECT 1;",
    ],
    ids=["also migrated with Alembic", "with tables called alike", "without a table"],
)
@pytest.mark.parametrize("opened", [open_database, open_to_read, open_reader])
@pytest.mark.parametrize("log", [False, True])
def test_it_is_told_from_ours_whatever_it_holds(tmp_path: Path, tables: str, opened, log: bool) -> None:
    path = another(tmp_path / "other.db", tables, log=log)
    before = path.read_bytes(), path.stat().st_mode
    with pytest.raises(DatabaseError, match="is a database of another program"):
        opened(path)
    assert (path.read_bytes(), path.stat().st_mode) == before


@pytest.mark.parametrize("empty", ["", "CREATE TABLE t (x); DROP TABLE t;"], ids=["no byte", "no table"])
def test_an_empty_file_is_filled(tmp_path: Path, empty: str) -> None:
    another(tmp_path / "v.db", empty)
    database = open_database(tmp_path / "v.db")
    assert database.is_current()
    database.close()
