"""A forgotten voice leaves no trace in the database file."""

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import torch

from voicemark.errors import DatabaseError
from voicemark.result import Marker
from voicemark.store.database import Database, open_database
from voicemark.store.forget import forget
from voicemark.store.markers import voice_ids, write_markers
from voicemark.store.memories import load_memory, save_memory
from voicemark.store.schema import RecordingRow

ANNA, BERT = "Anna Anonymous", "Bert Beispiel"


def memory_of(seed: int) -> torch.Tensor:
    return torch.randn(40, 128, generator=torch.Generator().manual_seed(seed))


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = open_database(tmp_path / "voicemark.db", busy_timeout_s=0.2)
    with opened.writing() as session:
        for number in range(3):
            row = RecordingRow(
                path=f"/video/{number}.rec", recorder="vdr", content="c", title="t", found_at=datetime.now(UTC)
            )
            session.add(row)
            session.flush()
            names = [ANNA, BERT] if number < 2 else [BERT]
            markers = [Marker(name, 10.0 * at, 10.0 * at + 5, 0.8) for name in names for at in range(20)]
            write_markers(session, row.id, markers, "key", voice_ids(session, names))
    for seed in (1, 2):  # the second replaces the first, whose pages become free ones
        with opened.writing() as session:
            save_memory(session, ANNA, "model", f"samples {seed}", memory_of(seed))
    with opened.writing() as session:
        save_memory(session, ANNA, "old model", "samples", memory_of(3))
        save_memory(session, BERT, "model", "samples", memory_of(4))
    yield opened
    opened.close()


def bytes_on_disk(path: Path) -> bytes:
    return b"".join(file.read_bytes() for file in sorted(path.parent.glob(path.name + "*")))


def traces(path: Path, seed: int) -> int:
    """How many rows of a memory are found in the files."""
    data = bytes_on_disk(path)
    return sum(row.numpy().astype("<f4").tobytes()[:64] in data for row in memory_of(seed))


def test_no_byte_of_name_or_memory_is_left_in_the_files(database: Database) -> None:
    assert ANNA.encode() in bytes_on_disk(database.path) and traces(database.path, 2)
    forget(database, ANNA)
    assert ANNA.encode() not in bytes_on_disk(database.path)
    assert [traces(database.path, seed) for seed in (1, 2, 3)] == [0, 0, 0]
    assert not Path(f"{database.path}-wal").stat().st_size


def test_it_says_what_was_erased_and_others_stay(database: Database) -> None:
    forgotten = forget(database, ANNA)
    assert (forgotten.memories, forgotten.markers) == (2, 40)
    assert forgotten.recordings == ("/video/0.rec", "/video/1.rec")
    assert forgotten.others == (BERT,)
    with sqlite3.connect(database.path) as connection:
        assert connection.execute("SELECT speaker, count(*) FROM voice_markers GROUP BY 1").fetchall() == [(BERT, 60)]
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    with database.reading() as session:
        kept = load_memory(session, BERT, "model")
    assert kept is not None and torch.equal(kept.embeddings, memory_of(4))


def test_a_reader_that_keeps_the_log_alive_is_named_and_a_second_try_finishes(database: Database) -> None:
    reader = sqlite3.connect(database.path, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM markers").fetchall()
    with pytest.raises(DatabaseError, match="another program is reading"):
        forget(database, ANNA)
    reader.execute("ROLLBACK")
    reader.close()
    again = forget(database, ANNA)
    assert (again.memories, again.markers) == (0, 0)
    assert traces(database.path, 2) == 0 and ANNA.encode() not in bytes_on_disk(database.path)


def test_an_unknown_name_erases_nothing(database: Database) -> None:
    forgotten = forget(database, "Nobody")
    assert (forgotten.memories, forgotten.markers, forgotten.others) == (0, 0, (ANNA, BERT))
