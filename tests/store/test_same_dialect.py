"""A statement is compiled once in a process, whichever file it is for; what it asks and gets is each one's own."""

from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import select

from voicemark.store.database import Database, open_database
from voicemark.store.same_dialect import COMPILED
from voicemark.store.schema import RecordingRow


def ask(database: Database, title: str) -> list[str]:
    with database.reading() as session:
        return list(session.scalars(select(RecordingRow.path).where(RecordingRow.title == title)))


def add(database: Database, path: str, title: str) -> None:
    row = RecordingRow(path=path, recorder="plain", content="c", title=title, found_at=datetime.now(UTC))
    with database.writing() as session:
        session.add(row)
        session.flush()
        assert session.scalars(select(RecordingRow.path).where(RecordingRow.title == title)).all() == [path]


def test_statements_are_compiled_once_for_readers_writer_and_every_file(tmp_path: Path) -> None:
    one = open_database(tmp_path / "one.db")
    add(one, "/one", "A")
    assert ask(one, "A") == ["/one"]
    compiled = len(COMPILED)
    two = open_database(tmp_path / "two.db")
    add(two, "/two", "B")
    assert (ask(two, "A"), ask(two, "B"), ask(one, "A"), ask(one, "B")) == ([], ["/two"], ["/one"], [])
    one.close()
    two.close()
    assert len(COMPILED) == compiled


def test_what_was_asked_is_not_kept(tmp_path: Path) -> None:
    """Else a name would outlive `voicemark forget` in the service's memory."""
    database = open_database(tmp_path / "v.db")
    assert ask(database, "Rumpelstilzchen") == []
    database.close()
    assert not any("Rumpelstilzchen" in repr(one.params) for one in COMPILED.values())
