"""One writer over all processes; and who may only read can do so while nobody has the database open."""

import os
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from voicemark.errors import DatabaseError
from voicemark.store.connections import LARGEST_LOG
from voicemark.store.database import Database, open_database, open_to_read
from voicemark.store.schema import VoiceRow

ADD = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from voicemark.store.database import open_database
from voicemark.store.schema import VoiceRow
database = open_database(Path(sys.argv[1]))
for number in range(int(sys.argv[3])):
    with database.writing() as session:
        session.add(VoiceRow(name=f"{sys.argv[2]} {number}", enrolled_at=datetime.now(UTC)))
database.close()
"""


def test_several_processes_and_threads_write_and_nothing_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "v.db"
    database = open_database(path)

    def add(name: str) -> None:
        for number in range(20):
            with database.writing() as session:
                session.add(VoiceRow(name=f"{name} {number}", enrolled_at=datetime.now(UTC)))

    others = [subprocess.Popen([sys.executable, "-c", ADD, path, str(number), "20"]) for number in range(2)]
    threads = [threading.Thread(target=add, args=(name,)) for name in ("a", "b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [other.wait() for other in others] == [0, 0]
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM voices").fetchone() == (80,)
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    database.close()


def test_readers_can_neither_write_nor_empty_the_log(tmp_path: Path) -> None:
    database = open_database(tmp_path / "v.db")
    with pytest.raises(DatabaseError, match="is read-only"), database.reading() as session:
        session.add(VoiceRow(name="Anna", enrolled_at=datetime.now(UTC)))
        session.flush()


def test_the_log_does_not_stay_large(tmp_path: Path) -> None:
    database = open_database(tmp_path / "v.db")
    with database.writing() as session:
        session.connection().exec_driver_sql("CREATE TABLE big (data)")
        session.connection().exec_driver_sql(f"INSERT INTO big VALUES (zeroblob({3 * LARGEST_LOG}))")
    for number in range(3):
        with database.writing() as session:
            session.add(VoiceRow(name=str(number), enrolled_at=datetime.now(UTC)))
    assert Path(f"{database.path}-wal").stat().st_size <= LARGEST_LOG
    database.close()


def test_the_last_who_closes_it_leaves_one_file_that_can_be_read_without_its_folder(tmp_path: Path) -> None:
    path = tmp_path / "v.db"
    first, second = open_database(path), open_database(path)
    for number, database in enumerate((first, second)):
        with database.writing() as session:
            session.add(VoiceRow(name=str(number), enrolled_at=datetime.now(UTC)))
    first.close()
    assert Path(f"{path}-wal").exists(), "the other one still needs its log"
    second.close()
    assert [file.name for file in tmp_path.iterdir()] == ["v.db"]
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to be somebody else")
def test_who_may_only_read_asks_while_it_is_stopped() -> None:
    with tempfile.TemporaryDirectory() as folder:  # pytest's own folders are closed to others
        Path(folder).chmod(0o755)
        ask_as_another(Path(folder) / "v.db")


def ask_as_another(path: Path) -> None:
    open_database(path).close()
    os.chown(path, 0, 65534)
    path.chmod(0o640)
    ask = "import sqlite3, sys; print(sqlite3.connect(sys.argv[1]).execute('SELECT count(*) FROM voices').fetchone())"
    done = subprocess.run(
        ["/usr/bin/python3", "-c", ask, path], capture_output=True, text=True, user=65533, group=65534, extra_groups=[]
    )
    assert done.stdout.strip() == "(0,)", done.stderr
    assert open_to_read(path).path == path


KILLED = """
import os, sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("PRAGMA cache_size=1")
connection.execute("BEGIN IMMEDIATE")
connection.execute("CREATE TABLE half(x)")
connection.executemany("INSERT INTO half VALUES (?)", ((os.urandom(2000),) for _ in range(200)))
os.kill(os.getpid(), 9)
"""


@pytest.mark.parametrize("how", [open_database, open_to_read])
def test_what_was_left_half_done_outside_of_wal_mode_is_undone(tmp_path: Path, how: Callable[..., Database]) -> None:
    path = tmp_path / "v.db"
    open_database(path).close()
    subprocess.run([sys.executable, "-c", KILLED, path])
    assert path.with_name("v.db-journal").exists()
    opened = how(path)
    with opened.reading() as session:
        assert session.query(VoiceRow).count() == 0
    opened.close()
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
