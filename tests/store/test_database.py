"""The database survives what happens to files: locks, other programs, other versions, broken migrations."""

import os
import socket
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from voicemark.errors import DatabaseError
from voicemark.store import all_migrations, migrate, new_database, revision
from voicemark.store.database import open_database, open_to_read
from voicemark.store.paths import path_to_text, text_to_path
from voicemark.store.schema import TEXT_INDEXES, Base, RecordingRow, VoiceRow
from voicemark.store.views import VIEWS


def recording(path: str = "/video/a.ts") -> RecordingRow:
    return RecordingRow(path=path, recorder="plain", content="c", title="A", found_at=datetime.now(UTC))


def test_migrations_make_exactly_the_tables_of_the_schema(tmp_path):
    def of_the_schema(name, kind, _parents):
        return kind != "table" or not name.startswith(TEXT_INDEXES)  # FTS5 makes tables of its own for them.

    all_migrations.migrate_empty(tmp_path / "v.db")
    with open_database(tmp_path / "v.db").connection() as connection:
        context = MigrationContext.configure(connection, opts={"include_name": of_the_schema})
        differences = compare_metadata(context, Base.metadata)
    assert differences == []


def test_a_new_database_is_what_all_migrations_make(tmp_path: Path) -> None:
    advice = "a migration was added or changed? Then: python -m voicemark.store.all_migrations"
    assert all_migrations.statements() == new_database.STATEMENTS.read_text(encoding="utf-8"), advice
    contents: list[tuple[Any, ...]] = []
    for way in (all_migrations.migrate_empty, lambda path: None):
        path = tmp_path / f"{len(contents)}.db"
        way(path)
        open_database(path).close()
        with closing(sqlite3.connect(path)) as connection:
            rows = connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY name").fetchall()
            made = [(*where, sql and sql.strip()) for *where, sql in rows]
            revision = connection.execute("SELECT * FROM alembic_version").fetchall()
            [(key, own)] = connection.execute("SELECT * FROM about")
        contents.append((made, revision, key, len(own)))
    assert contents[0] == contents[1]


def test_each_new_database_has_an_id_of_its_own(tmp_path):
    ids = set()
    for number in range(3):
        with open_database(tmp_path / f"{number}.db").reading() as session:
            ids.add(session.execute(text("SELECT value FROM about WHERE key = 'id'")).scalar())
    assert len(ids) == 3


def test_a_new_database_that_could_not_be_finished_is_empty_and_made_the_next_time(tmp_path, monkeypatch):
    whole = new_database.STATEMENTS
    broken = tmp_path / "new.sql"
    broken.write_text(whole.read_text() + "CREATE TABLE no sql at all;\n")
    monkeypatch.setattr(new_database, "STATEMENTS", broken)
    with pytest.raises(DatabaseError):
        open_database(tmp_path / "v.db")
    with closing(sqlite3.connect(tmp_path / "v.db")) as connection:
        assert connection.execute("SELECT * FROM sqlite_master").fetchall() == []
    monkeypatch.setattr(new_database, "STATEMENTS", whole)
    with open_database(tmp_path / "v.db").reading() as session:
        assert session.execute(text("SELECT count(*) FROM recordings")).scalar() == 0


def test_views_are_there_and_are_renewed_when_their_definition_changes(tmp_path, monkeypatch):
    open_database(tmp_path / "v.db").close()
    monkeypatch.setitem(VIEWS, "recording_list", "SELECT 42 AS answer")
    with open_database(tmp_path / "v.db").reading() as session:
        assert session.execute(text("SELECT answer FROM recording_list")).scalar() == 42
        names = session.execute(text("SELECT name FROM sqlite_master WHERE type = 'view'")).scalars().all()
    assert set(names) == set(VIEWS)


def test_wal_foreign_keys_and_full_synchronisation_are_on(tmp_path):
    with open_database(tmp_path / "v.db").writing() as session:
        assert session.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        assert session.execute(text("PRAGMA foreign_keys")).scalar() == 1
        assert session.execute(text("PRAGMA synchronous")).scalar() == 2


def test_a_transaction_that_fails_leaves_nothing_behind_not_even_ddl(tmp_path):
    database = open_database(tmp_path / "v.db")
    with pytest.raises(RuntimeError), database.writing() as session:
        session.add(VoiceRow(name="x", enrolled_at=datetime.now(UTC)))
        session.execute(text("CREATE TABLE half_done (a)"))
        raise RuntimeError("power cut")
    with database.reading() as session:
        assert session.scalars(select(VoiceRow)).all() == []
        assert session.execute(text("SELECT 1 FROM sqlite_master WHERE name = 'half_done'")).first() is None


def test_deleting_a_recording_deletes_what_hangs_on_it(tmp_path):
    database = open_database(tmp_path / "v.db")
    with database.writing() as session:
        session.add(recording())
    with database.writing() as session:
        session.execute(
            text(
                "INSERT INTO window_embeddings (recording_id, model_id, content, windows, dim, hop_s, window_s, data)"
                " VALUES (1, 'm', 'c', 1, 1, 0.5, 2.0, x'00')"
            )
        )
        session.execute(text("DELETE FROM recordings"))
        assert session.execute(text("SELECT count(*) FROM window_embeddings")).scalar() == 0


def test_a_path_is_there_once(tmp_path):
    database = open_database(tmp_path / "v.db")
    with pytest.raises((IntegrityError, DatabaseError)), database.writing() as session:
        session.add_all([recording(), recording()])


def test_moments_come_back_aware_and_are_utc_in_the_file(tmp_path):
    database = open_database(tmp_path / "v.db")
    begun = datetime(2024, 3, 1, 20, 15, tzinfo=timezone(timedelta(hours=1)))
    with database.writing() as session:
        row = recording()
        row.started_at = begun
        session.add(row)
    with database.reading() as session:
        assert session.scalars(select(RecordingRow.started_at)).one() == begun
        told = session.execute(text("SELECT strftime('%H:%M', started_at) FROM recordings")).scalar()
    assert told == "19:15"


def test_case_is_folded_for_umlauts_too(tmp_path):
    with open_database(tmp_path / "v.db").reading() as session:
        assert session.execute(text("SELECT casefold('MÜLLER') = casefold('müller')")).scalar() == 1


@pytest.mark.parametrize("name", ["plain.ts", "Käse.ts", "a\nb.ts", os.fsdecode(b"k\xe4se\xff.ts"), "../x.ts"])
def test_every_path_survives_the_database(tmp_path, name):
    database = open_database(tmp_path / "v.db")
    path = Path("/video") / name
    with database.writing() as session:
        session.add(recording(path_to_text(path)))
    with database.reading() as session:
        assert text_to_path(session.scalars(select(RecordingRow.path)).one()) == path


def test_a_database_locked_by_another_program_is_an_error_that_says_so(tmp_path):
    open_database(tmp_path / "v.db").close()
    holder = sqlite3.connect(tmp_path / "v.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    database = open_database(tmp_path / "v.db", busy_timeout_s=0.1)
    with pytest.raises(DatabaseError, match="is locked by another program"), database.writing() as session:
        session.add(recording())
    holder.execute("ROLLBACK")
    with database.writing() as session:
        session.add(recording())


def test_a_reader_does_not_stop_a_writer(tmp_path):
    database = open_database(tmp_path / "v.db", busy_timeout_s=0.1)
    with database.reading() as reader:
        assert reader.scalars(select(RecordingRow)).all() == []
        with database.writing() as writer:
            writer.add(recording())
        assert reader.scalars(select(RecordingRow.path)).all() == []
    with database.reading() as reader:
        assert reader.scalars(select(RecordingRow.path)).all() == ["/video/a.ts"]


def test_a_database_of_a_newer_program_is_refused_and_left_alone(tmp_path):
    path = tmp_path / "v.db"
    open_database(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    with pytest.raises(DatabaseError, match=r"was written by a newer voicemark \(revision 9999"):
        open_database(path)


def test_a_file_that_is_no_database_is_refused(tmp_path):
    path = tmp_path / "v.db"
    path.write_text("These are not the bytes of SQLite. " * 100)
    with pytest.raises(DatabaseError, match="is no SQLite database"):
        open_database(path)
    assert path.read_text().startswith("These are not")


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(DatabaseError, match="its folder cannot be made"):
        open_database(tmp_path / "file" / "v.db")


def test_a_migration_that_breaks_leaves_the_database_as_it_was(tmp_path, monkeypatch):
    versions = tmp_path / "migrations"
    subprocess.run(["cp", "-r", revision.MIGRATIONS, versions], check=True)
    path = tmp_path / "v.db"
    open_database(path).close()
    before = sqlite3.connect(path).execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall()
    [(head,)] = sqlite3.connect(path).execute("SELECT version_num FROM alembic_version")
    (versions / "versions" / "9999_broken.py").write_text(
        f'from alembic import op\nrevision = "9999"\ndown_revision = "{head}"\n'
        "def upgrade():\n    op.execute('CREATE TABLE new_one (a)')\n    op.execute('NO SQL AT ALL')\n"
    )
    monkeypatch.setattr(revision, "MIGRATIONS", versions)
    with pytest.raises(DatabaseError):
        open_database(path)
    after = sqlite3.connect(path).execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall()
    assert after == before


def test_the_names_of_migrations_say_what_alembic_says(tmp_path: Path) -> None:
    """So that Alembic need not be loaded to see that there is nothing to do."""
    script = ScriptDirectory.from_config(migrate._settings())
    assert revision.revisions() == sorted(one.revision for one in script.walk_revisions())
    assert revision.revisions()[-1] == script.get_current_head()


def test_a_database_of_today_is_made_and_opened_without_alembic(tmp_path: Path) -> None:
    program = (
        "import sys\nfrom pathlib import Path\nfrom voicemark.store.database import open_database, open_to_read\n"
        "open_database(Path(sys.argv[1])).close()\nopen_to_read(Path(sys.argv[1])).close()\n"
        "print([one for one in ('alembic', 'torch') if one in sys.modules])"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "v.db")]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "[]\n"


@pytest.mark.parametrize("kind", ["pipe", "folder", "socket"])
def test_what_is_no_file_is_no_database(tmp_path, kind):
    path = tmp_path / "v.db"
    with closing(socket.socket(socket.AF_UNIX)) as other:
        if kind == "pipe":
            os.mkfifo(path)
        elif kind == "folder":
            path.mkdir()
        else:
            other.bind(str(path))
        for how in (open_database, open_to_read):
            with pytest.raises(DatabaseError, match="it is no file"):
                how(path)
