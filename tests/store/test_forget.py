"""A forgotten voice leaves no trace in the database file."""

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from sqlalchemy import select

from voicemark.actions.erase import Erased, finish_erasures
from voicemark.config import ExportSection
from voicemark.result import LocalSpeaker, Marker, SpeakerTurn, Speech
from voicemark.store import forget as module
from voicemark.store.database import Database, open_database
from voicemark.store.forget import forget
from voicemark.store.markers import known_voice_ids, voice_ids, write_markers
from voicemark.store.memories import load_memory, save_memory
from voicemark.store.schema import EmbeddingRow, LocalSpeakerRow, MarkerRow, RecordingRow, TurnRow, VoiceRow
from voicemark.store.speakers import write_speech

ANNA, BERT = "Anna Anonymous", "Bert Beispiel"


def memory_of(seed: int) -> NDArray[np.float32]:
    return np.random.default_rng(seed).standard_normal((40, 128)).astype(np.float32)


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


def finish(database: Database) -> Erased:
    return finish_erasures(database, ExportSection())


def bytes_on_disk(path: Path) -> bytes:
    return b"".join(file.read_bytes() for file in sorted(path.parent.glob(path.name + "*")))


def traces(path: Path, seed: int) -> int:
    """How many rows of a memory are found in the files."""
    data = bytes_on_disk(path)
    return sum(row.astype("<f4").tobytes()[:64] in data for row in memory_of(seed))


def test_no_byte_of_name_or_memory_is_left_in_the_files(database: Database) -> None:
    assert ANNA.encode() in bytes_on_disk(database.path) and traces(database.path, 2)
    forget(database, ANNA)
    assert finish(database).unfinished is None
    assert ANNA.encode() not in bytes_on_disk(database.path)
    assert [traces(database.path, seed) for seed in (1, 2, 3)] == [0, 0, 0]


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
    assert kept is not None and np.array_equal(kept.embeddings, memory_of(4))


def test_a_reader_that_keeps_the_log_alive_is_named_and_the_next_try_finishes(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "READER_PATIENCE_S", 0.1)
    reader = sqlite3.connect(database.path, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM markers").fetchall()
    forget(database, ANNA)
    told: list[str] = []
    rest = finish_erasures(database, ExportSection(), told.append)
    assert "another program is reading" in str(rest.unfinished) and "is waited for" in told[0]
    reader.execute("ROLLBACK")
    reader.close()
    assert finish(database).unfinished is None
    assert traces(database.path, 2) == 0 and ANNA.encode() not in bytes_on_disk(database.path)


def test_what_was_heard_of_a_voice_that_was_forgotten_meanwhile_is_left_out(database: Database) -> None:
    forget(database, ANNA)
    with database.writing() as session:
        voices = known_voice_ids(session, [ANNA, BERT])
        write_markers(session, 1, [Marker(ANNA, 0, 5, 0.8), Marker(BERT, 5, 9, 0.8)], None, voices)
    with database.reading() as session:
        assert session.scalars(select(VoiceRow.name)).all() == [BERT]
        assert session.scalars(select(MarkerRow.start_s).where(MarkerRow.recording_id == 1)).all() == [5]


def test_what_voices_of_a_recording_sound_like_stays_unless_it_is_to_go(database: Database) -> None:
    with database.writing() as session:
        for recording in (1, 3):
            session.add(
                EmbeddingRow(
                    recording_id=recording, model_id="m", content="c", windows=1, dim=1, hop_s=1, window_s=1, data=b"x"
                )
            )
            somebody = LocalSpeaker(1, 5.0, np.ones(1, np.int8))
            write_speech(session, recording, Speech((somebody,), (SpeakerTurn(0.0, 5.0, 1),)))
    assert forget(database, ANNA, recordings=True).embeddings == 1
    with database.reading() as session:
        for table in (EmbeddingRow, LocalSpeakerRow, TurnRow):
            assert session.scalars(select(table.recording_id)).all() == [3]


def test_an_unknown_name_erases_nothing(database: Database) -> None:
    forgotten = forget(database, "Nobody")
    assert (forgotten.memories, forgotten.markers, forgotten.others) == (0, 0, (ANNA, BERT))
