"""From the config to the book of voices: what is heard, what is kept, what is said when it fails."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from sqlalchemy import update
from support.sound import RATE, write_wav
from support.streams import run_ffmpeg

from voicemark.config import Config, MatchSection, SpeakerSection
from voicemark.enrolment.enrolment import enrol, tell_what_waits
from voicemark.store.database import Database, open_database
from voicemark.store.schema import MemoryRow
from voicemark.store.waiting import Waiting, read_waiting
from voicemark.voice.encoder import Encoder
from voicemark.voice.load import load_encoder


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return load_encoder(device="cpu")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = open_database(tmp_path / "db" / "voicemark.db")
    yield opened
    opened.close()


def write_tone(path: Path, seconds: float, pitch: float = 150.0, level: float = 0.2) -> Path:
    t = np.arange(round(seconds * RATE)) / RATE
    audio = level * np.sin(2 * np.pi * pitch * t) * (0.6 + 0.4 * np.sin(2 * np.pi * 4 * t))
    return write_wav(path, audio)


def config_of(*speakers: tuple[str, Path], **match: object) -> Config:
    return Config(
        match=MatchSection.model_validate({"normalise": False, **match}),
        speakers=tuple(SpeakerSection(name=name, samples=(str(path),)) for name, path in speakers),
    )


def test_voices_are_enrolled_in_the_order_of_the_config(tmp_path: Path, encoder: Encoder, database: Database) -> None:
    bert, anna = write_tone(tmp_path / "bert.wav", 4), write_tone(tmp_path / "anna.wav", 6, 220)
    result = enrol(config_of(("bert", bert), ("anna", anna)), encoder, database)
    assert result.book.names == ("bert", "anna")
    assert result.book.sizes == (5, 9)
    assert result.book.model_id == encoder.model_id
    assert [report.error for report in result.reports] == [None, None]


def test_what_was_heard_once_comes_from_the_database_until_a_sample_changes(
    tmp_path: Path, encoder: Encoder, database: Database
) -> None:
    folder = tmp_path / "anna"
    write_tone(folder / "one.wav", 4)
    config = config_of(("anna", folder))
    first = enrol(config, encoder, database)
    again = enrol(config, encoder, database)
    assert [e.reports[0].from_database for e in (first, again)] == [False, True]
    assert torch.equal(first.book.rows, again.book.rows)
    write_tone(folder / "two.wav", 4, 170)
    more = enrol(config, encoder, database)
    assert not more.reports[0].from_database
    assert more.book.sizes == (10,)
    os.utime(folder / "two.wav", (1, 1))
    assert not enrol(config, encoder, database).reports[0].from_database
    fewer = config_of(("anna", folder), memory_windows=6)
    assert enrol(fewer, encoder, database).book.sizes == (6,)


def test_one_bad_sample_is_a_problem_but_the_voice_is_enrolled(
    tmp_path: Path, encoder: Encoder, database: Database
) -> None:
    write_tone(tmp_path / "anna" / "good.wav", 4)
    write_tone(tmp_path / "anna" / "short.wav", 1)
    (tmp_path / "anna" / "text.wav").write_text("no audio at all")
    [report] = enrol(config_of(("anna", tmp_path / "anna")), encoder, database).reports
    assert report.error is None and report.memory is not None and len(report.memory) == 5
    assert sorted(Path(problem.path or "").name for problem in report.problems) == ["short.wav", "text.wav"]


def test_a_voice_without_a_good_window_fails_alone(tmp_path: Path, encoder: Encoder, database: Database) -> None:
    good, silent = write_tone(tmp_path / "good.wav", 4), write_tone(tmp_path / "silent.wav", 4, level=0)
    result = enrol(config_of(("mute", silent), ("gone", tmp_path / "gone.wav"), ("anna", good)), encoder, database)
    assert result.book.names == ("anna",)
    mute, gone, anna = result.reports
    assert "'mute' cannot be enrolled" in str(mute.error) and "silent.wav" in str(mute.error)
    assert "'gone' cannot be enrolled" in str(gone.error) and "gone.wav" in str(gone.error)
    assert anna.error is None


def test_a_folder_that_is_not_mounted_does_not_take_the_voice_away(
    tmp_path: Path, encoder: Encoder, database: Database
) -> None:
    write_tone(tmp_path / "nas" / "anna.wav", 4)
    config = config_of(("anna", tmp_path / "nas"))
    before = enrol(config, encoder, database)
    shutil.rmtree(tmp_path / "nas")
    after = enrol(config, encoder, database)
    assert torch.equal(after.book.rows, before.book.rows)
    assert after.reports[0].error is None
    assert "stays in use" in str(after.reports[0].problems[-1])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def garble(path: Path) -> None:
    path.write_bytes(os.urandom(5000))


def remove(path: Path) -> None:
    path.unlink()


def move_its_folder(path: Path) -> None:
    path.parent.rename(path.parent.with_name("away"))


def leave_its_folder_empty(path: Path) -> None:
    move_its_folder(path)
    path.parent.mkdir()


@pytest.mark.parametrize("fault", [empty, garble, remove, move_its_folder, leave_its_folder_empty])
@pytest.mark.parametrize("earlier", [False, True])
def test_while_a_sample_cannot_be_heard_the_kept_memory_stays_and_it_is_told(
    tmp_path: Path, encoder: Encoder, database: Database, fault: Callable[[Path], None], earlier: bool
) -> None:
    """One of two, in two places; also of a memory of which an earlier version has not kept the samples."""
    one = write_tone(tmp_path / "one" / "a.wav", 4)
    two = write_tone(tmp_path / "two" / "b.wav", 4, 170)
    config = Config(
        match=MatchSection(normalise=False), speakers=(SpeakerSection(name="anna", samples=(str(one), str(two))),)
    )
    before = enrol(config, encoder, database)
    if earlier:
        with database.writing() as session:
            session.execute(update(MemoryRow).values(sources=None))
    whole = two.read_bytes()
    fault(two)
    [report] = (during := enrol(config, encoder, database)).reports
    assert torch.equal(during.book.rows, before.book.rows)
    assert report.kept and report.waits is not None and "stays in use" in report.waits
    tell_what_waits(database, during.reports)
    assert [one.subject for one in waiting(database)] == ["voice anna"]
    two.parent.mkdir(exist_ok=True)
    two.write_bytes(whole)
    [report] = (after := enrol(config, encoder, database)).reports
    assert report.waits is None and torch.equal(after.book.rows, before.book.rows)
    tell_what_waits(database, after.reports)
    assert waiting(database) == []


def waiting(database: Database) -> list[Waiting]:
    with database.snapshot() as connection:
        return read_waiting(connection)


def test_a_sample_that_the_owner_took_away_is_not_remembered(
    tmp_path: Path, encoder: Encoder, database: Database
) -> None:
    folder = tmp_path / "anna"
    one, two = write_tone(folder / "one.wav", 4), write_tone(folder / "two.wav", 4, 170)
    assert enrol(config_of(("anna", folder)), encoder, database).book.sizes == (10,)
    two.unlink()
    (folder / "new.wav").write_text("a new one that cannot be heard")
    [report] = (fewer := enrol(config_of(("anna", folder)), encoder, database)).reports
    assert fewer.book.sizes == (5,) and not report.kept
    two = write_tone(tmp_path / "two.wav", 4, 170)
    one.unlink()
    assert enrol(config_of(("anna", two)), encoder, database).book.sizes == (5,), "another sample is named now"


def test_nobody_enrolled_is_an_empty_book(encoder: Encoder, database: Database) -> None:
    assert len(enrol(Config(), encoder, database).book) == 0


def test_near_stretches_of_one_file_look_at_it_once_and_decode_it_once(
    tmp_path: Path, encoder: Encoder, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs, path = tmp_path / "runs", tmp_path / "long.flac"
    run_ffmpeg("-i", write_tone(tmp_path / "long.wav", 30), path)
    for name in ("ffmpeg", "ffprobe"):
        wrapper = tmp_path / "bin" / name
        wrapper.parent.mkdir(exist_ok=True)
        wrapper.write_text(f'#!/bin/sh\necho {name} >> {runs}\nexec {shutil.which(name)} "$@"\n')
        wrapper.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    stretches = [{"file": path, "start": at, "end": at + 4} for at in (0, 8, 16, 24)]
    speaker = SpeakerSection.model_validate({"name": "anna", "samples": stretches})
    assert enrol(Config(match=MatchSection(normalise=False), speakers=(speaker,)), encoder, database).book.sizes == (
        20,
    )
    assert sorted(runs.read_text().split()) == ["ffmpeg", "ffprobe"]
