"""From a finished recording to markers, with real ffmpeg, a real network and a real database."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from support import commands
from support.commands import Done
from support.onnx_models import CONVENTION, tiny_model
from support.recordings import (
    ANNA_SPEAKS,
    BERT_SPEAKS,
    SECONDS,
    config_text,
    programme,
    samples,
    vdr_directory,
    vdr_info,
    write_ts,
)
from support.service import copy_of

import voicemark
from voicemark.actions.recogniser import heard_again
from voicemark.actions.scan import Listener, Outcome, Scan, Status
from voicemark.config import load_config
from voicemark.errors import RecordingError, RecordingUnreadableError
from voicemark.recorders.rest import grows
from voicemark.recording import Recording
from voicemark.store.database import open_database

MACHINES = "[match]\nnormalise = false\nthreshold = 0.75\n"
"""Talking machines are no strangers to be normalised against: the plain cosine tells them apart."""
VOICEMARK = [sys.executable, "-m", "voicemark"]
ONE_THREAD = {**os.environ, "OMP_NUM_THREADS": "1", "TZ": "Europe/Berlin"}


def run(*arguments: str | Path) -> Done:
    """The command, where the recorder's clock shows Berlin's time."""
    return commands.run(*arguments, timezone="Europe/Berlin")


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A VDR recording of two files and samples of two voices, made once."""
    folder = tmp_path_factory.mktemp("stage")
    whole = write_ts(folder / "whole.ts", programme()).read_bytes()
    recording = vdr_directory(folder / "video", "Abendschau")
    recording.mkdir(parents=True)
    cut = len(whole) // 188 // 2 * 188
    (recording / "00001.ts").write_bytes(whole[:cut])
    (recording / "00002.ts").write_bytes(whole[cut:])
    (recording / "info").write_text(vdr_info("Abendschau", "Ein Übersetzungsfehler"), encoding="utf-8")
    samples(folder / "voices")
    return folder


def write_config(stage: Path, folder: Path) -> Path:
    voices = {"Anna": stage / "voices/anna.wav", "Bert": stage / "voices/bert.wav"}
    (folder / "config.toml").write_text(config_text(folder / "v.db", voices, MACHINES))
    return folder / "config.toml"


@pytest.fixture(scope="module")
def enrolled(stage: Path) -> Path:
    """A database in which both voices have a memory and nothing else is."""
    config = load_config(write_config(stage, stage))
    Scan(config, open_database(config.database.path)).database.close()
    return config.database.path


@pytest.fixture
def new_place(stage: Path, tmp_path: Path) -> Path:
    """A fresh folder with a copy of the stage's recording, a configuration that names its samples, and no database."""
    shutil.copytree(stage / "video", tmp_path / "video")
    write_config(stage, tmp_path)
    return tmp_path


@pytest.fixture
def place(new_place: Path, enrolled: Path) -> Path:
    """The same, and a database of a program that has heard the samples."""
    shutil.copy(enrolled, new_place / "v.db")
    return new_place


def rows(place: Path, query: str) -> list[tuple[Any, ...]]:
    connection = sqlite3.connect(place / "v.db")
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


def test_markers_are_where_the_voices_are_and_nowhere_else(new_place: Path) -> None:
    place = new_place
    done = run("scan", place / "video", "--config", place / "config.toml", "--json")
    assert done.returncode == 0, done.stderr
    markers = [json.loads(line) for line in done.stdout.splitlines()]
    assert list(markers[0]) == [
        "recording", "title", "subtitle", "channel", "started_at", "speaker",
        "start_s", "end_s", "at_min", "score", "id",
    ]  # fmt: skip
    assert [marker["speaker"] for marker in markers] == ["Anna", "Bert"]
    for marker, (start_s, end_s) in zip(markers, (ANNA_SPEAKS, BERT_SPEAKS), strict=True):
        assert marker["start_s"] == pytest.approx(start_s, abs=1.5)
        assert marker["end_s"] == pytest.approx(end_s, abs=1.5)
        assert marker["at_min"] == pytest.approx(start_s / 60, abs=0.06)
        assert (marker["title"], marker["subtitle"]) == ("Abendschau", "Ein Übersetzungsfehler")
        assert marker["channel"] == "Das Erste HD"
    told = rows(place, "SELECT speaker, start_s, title FROM voice_markers ORDER BY start_s")
    assert told == [(marker["speaker"], marker["start_s"], marker["title"]) for marker in markers]
    assert rows(place, "SELECT state, error FROM recording_list") == [("done", None)]
    assert rows(place, "SELECT duration_s FROM recordings")[0][0] == pytest.approx(SECONDS, abs=0.2)
    kept = "SELECT (length(data) + length(turns)) / (windows * 0.5 / 3600) FROM window_embeddings"
    assert rows(place, kept)[0][0] < 1_100_000  # bytes an hour


def test_a_recording_is_decoded_once(place: Path) -> None:
    config = load_config(place / "config.toml")
    scan = Scan(config, open_database(config.database.path))
    assert [outcome.status for outcome in scan.paths([place / "video"])] == [Status.SCANNED]
    assert [outcome.status for outcome in scan.paths([place / "video"])] == [Status.KNOWN]
    scan.database.close()


def test_the_exports_of_a_recording_follow_it(place: Path) -> None:
    with (place / "config.toml").open("a") as more:
        more.write(f'[export]\nformats = ["edl"]\nfolder = "{place}/export"\n')
    config = load_config(place / "config.toml")
    scan = Scan(config, open_database(config.database.path))
    assert [outcome.status for outcome in scan.paths([place / "video"])] == [Status.SCANNED]
    (place / "video").rename(place / "archive")
    assert [outcome.status for outcome in scan.paths([place / "archive"])] == [Status.KNOWN]
    scan.database.close()
    [exported] = (place / "export").rglob("*.edl")
    assert exported.is_relative_to(f"{place}/export{place}/archive")


def test_a_recording_of_the_archive_can_be_heard_again_as_long_as_it_is_the_same(place: Path) -> None:
    """What a verifier hears when the archive is matched anew."""
    config = load_config(place / "config.toml")
    scan = Scan(config, open_database(config.database.path))
    [path] = [outcome.path for outcome in scan.paths([place / "video"])]
    [(content,)] = rows(place, "SELECT content FROM recordings")
    audio = heard_again(path, content, config)(12.0, 15.0)
    assert len(audio) == 3 * 16_000 and abs(audio).max() > 0.01
    with pytest.raises(RecordingError, match="has changed"):
        heard_again(path, "another", config)
    shutil.rmtree(path)
    with pytest.raises(RecordingError):
        heard_again(path, content, config)
    scan.database.close()


def undecodable(media: Path) -> None:
    """The same size, times and fingerprint, and nothing in it that could be decoded."""
    size = media.stat().st_size
    times = media.stat().st_atime_ns, media.stat().st_mtime_ns
    head, tail = media.read_bytes()[:70_000], media.read_bytes()[-70_000:]
    media.write_bytes(head + bytes(size - len(head) - len(tail)) + tail)
    os.utime(media, ns=times)


def test_one_content_in_two_places_is_decoded_once_and_marked_in_both(place: Path) -> None:
    config = load_config(place / "config.toml")
    scan = Scan(config, open_database(config.database.path))
    [first] = [outcome.path for outcome in scan.paths([place / "video"])]
    copy = place / "copies" / first.relative_to(place / "video")
    shutil.copytree(first, copy)
    (copy / "info").write_text((copy / "info").read_text().replace("T Abendschau", "T Spätschau"))
    for media in copy.glob("*.ts"):
        undecodable(media)
    assert [outcome.status for outcome in scan.paths([place / "copies"])] == [Status.SCANNED]
    scan.database.close()
    query = "SELECT title, start_s, end_s, speaker FROM voice_markers WHERE recording {} ORDER BY start_s, speaker"
    kept, copied = (rows(place, query.format(f"LIKE '{path}%'")) for path in (first, copy))
    assert [row[1:] for row in kept] == [row[1:] for row in copied] and kept
    assert {row[0] for row in copied} == {"Spätschau"}


def test_a_better_title_that_came_later_is_read_without_decoding(place: Path) -> None:
    config = load_config(place / "config.toml")
    scan = Scan(config, open_database(config.database.path))
    [path] = [outcome.path for outcome in scan.paths([place / "video"])]
    count = len(rows(place, "SELECT * FROM voice_markers"))
    for media in path.glob("*.ts"):
        undecodable(media)
    (path / "info").write_text((path / "info").read_text().replace("T Abendschau", "T Die Abendschau"))
    [outcome] = scan.paths([path])
    assert (outcome.status, outcome.reason) == (Status.KNOWN, "its metadata have changed and were read again")
    assert [outcome.reason for outcome in scan.paths([path])] == [None]
    scan.database.close()
    assert {title for (title,) in rows(place, "SELECT title FROM voice_markers")} == {"Die Abendschau"}
    assert len(rows(place, "SELECT * FROM voice_markers")) == count > 0


def test_what_grows_is_not_scanned(tmp_path: Path) -> None:
    path = tmp_path / "growing.ts"
    path.write_bytes(b"x")

    def write_on(_: float) -> None:
        with path.open("ab") as file:
            file.write(b"x")

    assert grows([path], write_on) and not grows([path], lambda _: None)
    os.utime(path, (1, 1))
    assert not grows([path], write_on), "it was at rest for long"


def test_a_verifier_is_asked_about_who_is_in_doubt(place: Path) -> None:
    """One that agrees to everything, and one that refuses everything, as both stand in the configuration."""
    for module in ("onnx", "onnxruntime", "kaldi_native_fbank"):
        pytest.importorskip(module, reason="the extra onnx is not installed")
    model, text = tiny_model(place / "tiny.onnx", CONVENTION), (place / "config.toml").read_text()
    scores = []
    for threshold in (0.0, None, 1.0):
        section = f'[match.verifier]\nmodel = "{model}"\nthreshold = {threshold}\nband = 0.5\n'
        (place / "config.toml").write_text(
            text.replace(MACHINES, MACHINES + (section if threshold is not None else ""))
        )
        (place / "v.db").unlink(missing_ok=True)
        found = voicemark.scan(place / "video", load_config(place / "config.toml"))
        scores.append({marker.speaker: marker.score for marker in found})
    agreed, alone, refused = scores
    assert set(alone) == {"Anna", "Bert"}
    assert all(agreed[name] > alone[name] > refused.get(name, 0.0) for name in alone)


def test_a_new_voice_is_found_without_decoding(place: Path) -> None:
    text = (place / "config.toml").read_text()
    anna_only = text[: text.rindex("[[speakers]]")]
    (place / "config.toml").write_text(anna_only)
    assert {marker.speaker for marker in voicemark.scan(place / "video", load_config(place / "config.toml"))} == {
        "Anna"
    }
    for media in (place / "video").rglob("*.ts"):
        undecodable(media)
    (place / "config.toml").write_text(text)
    found = voicemark.scan(place / "video", load_config(place / "config.toml"))
    assert {marker.speaker for marker in found} == {"Anna", "Bert"}


def test_a_recording_that_grows_is_done_again(place: Path) -> None:
    config = load_config(place / "config.toml")
    voicemark.scan(place / "video", config)
    last = next((place / "video").rglob("00002.ts"))
    last.write_bytes(last.read_bytes() + last.read_bytes()[-188 * 500 :])
    scan = Scan(config, open_database(config.database.path))
    assert [outcome.status for outcome in scan.paths([place / "video"])] == [Status.SCANNED]
    scan.database.close()
    assert rows(place, "SELECT count(*) FROM recordings") == [(1,)]


def test_one_broken_recording_does_not_stop_the_others(place: Path) -> None:
    (place / "video" / "broken.ts").write_text("no recording at all " * 1000)
    (place / "video" / "empty.ts").touch()
    done = run("scan", place / "video", "--config", place / "config.toml", "--json")
    assert done.returncode == 1
    assert "broken.ts: is no recording that ffmpeg can read" in done.stderr
    assert "empty.ts: the file is empty" in done.stderr
    assert len(done.stdout.splitlines()) == 2
    assert dict(rows(place, "SELECT replace(recording, rtrim(recording, replace(recording, '/', '')), ''), state"
                            " FROM recording_list"))["broken.ts"] in ("ready", "failed")  # fmt: skip


def test_an_error_of_our_own_sets_one_recording_aside_and_what_is_out_of_reach_waits(
    place: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """And a voice whose sample cannot be heard is looked for with what is kept of it."""
    config = load_config(place / "config.toml")
    paths = [place / "video" / name for name in ("odd.ts", "away.ts")]
    for number, path in enumerate(paths):
        path.write_bytes(bytes([number]) * 188 * 50)
    database = open_database(config.database.path)
    assert Scan(config, database).waits == []
    sample = place / "gone.wav"
    sample.write_bytes(Path(str(config.speakers[0].samples[0])).read_bytes())
    moved = config.speakers[0].model_copy(update={"samples": (str(sample),)})
    config = config.model_copy(update={"speakers": (moved,)})
    Scan(config, database)
    sample.write_bytes(b"")

    def fails(recording: Recording, *_: object, **__: object) -> None:
        if recording.path.name == "odd.ts":
            raise LookupError("nobody has thought of this")
        raise RecordingUnreadableError("cannot be read: stale handle", path=recording.path)

    monkeypatch.setattr("voicemark.actions.at_once.hear", fails)
    scan = Scan(config, database)
    assert scan.recogniser.book.names == ("Anna",) and "stays in use" in scan.waits[0]
    outcomes = list(scan.paths(paths))
    assert [outcome.status for outcome in outcomes] == [Status.FAILED, Status.FAILED]
    assert "nobody has thought of this" in caplog.text and "Traceback" in caplog.text
    database.close()
    assert rows(place, "SELECT state, attempts, waits_for IS NOT NULL FROM jobs ORDER BY id") == [
        ("failed", 1, 0), ("ready", 0, 1),
    ]  # fmt: skip


def test_a_missing_path_is_a_failure_and_the_others_are_done(place: Path) -> None:
    done = run("scan", place / "nowhere", place / "video", "--config", place / "config.toml", "--json")
    assert done.returncode == 1
    assert "nowhere" in done.stderr
    assert len(done.stdout.splitlines()) == 2


def test_of_what_could_not_be_heard_it_is_not_said_that_it_has_no_markers(place: Path) -> None:
    done = run("scan", place / "nowhere", "--config", place / "config.toml")
    assert done.returncode == 1 and "nowhere" in done.stderr and done.stdout == ""


def test_without_a_path_the_watched_folders_are_scanned(place: Path) -> None:
    nothing = run("scan", "--config", place / "config.toml")
    assert nothing.returncode == 2 and "no folder is watched" in nothing.stderr and "[[watch]]" in nothing.stderr
    with (place / "config.toml").open("a") as more:
        more.write(f'[[watch]]\npath = "{place}/video"\n')
    done = run("scan", "--config", place / "config.toml", "--json")
    assert done.returncode == 0 and len(done.stdout.splitlines()) == 2


def test_a_voice_without_a_sample_is_a_failure_and_the_others_are_looked_for(place: Path) -> None:
    with (place / "config.toml").open("a") as more:
        more.write(f'[[speakers]]\nname = "Nobody"\nsamples = ["{place}/none.wav"]\n')
    done = run("scan", place / "video", "--config", place / "config.toml", "--json")
    assert done.returncode == 1 and "none.wav" in done.stderr
    assert {json.loads(line)["speaker"] for line in done.stdout.splitlines()} == {"Anna", "Bert"}
    checked = run("config", "check", "--config", place / "config.toml")
    assert checked.returncode == 1 and "voice 'Nobody' has no sample that can be used" in checked.stderr


def test_usage_and_configuration_errors_are_code_2(place: Path) -> None:
    (place / "config.toml").write_text("[match]\nthreshhold = 1\n")
    wrong = run("scan", place / "video", "--config", place / "config.toml")
    assert wrong.returncode == 2
    assert "'match.threshhold' (line 2): unknown key" in wrong.stderr


def test_a_recording_without_info_has_its_directory_for_a_title(place: Path) -> None:
    next((place / "video").rglob("info")).unlink()
    found = voicemark.scan(place / "video", load_config(place / "config.toml"))
    assert {marker.title for marker in found} == {"Abendschau"}


def test_an_info_in_latin_1_is_read(place: Path) -> None:
    info = next((place / "video").rglob("info"))
    info.write_bytes(info.read_text(encoding="utf-8").encode("latin-1"))
    found = voicemark.scan(place / "video", load_config(place / "config.toml"))
    assert {marker.subtitle for marker in found} == {"Ein Übersetzungsfehler"}


def test_a_recording_in_progress_is_left_alone(place: Path) -> None:
    (vdr_directory(place / "video", "Abendschau") / ".timer").write_text("1:2024-03-01:2015")
    done = run("scan", place / "video", "--config", place / "config.toml")
    assert done.returncode == 0
    assert "still being recorded" in done.stderr


def test_a_recording_that_vanishes_is_an_error_of_its_own(place: Path) -> None:
    config = load_config(place / "config.toml")
    scan = Scan(config, open_database(config.database.path), _Remover())
    outcomes = scan.paths([place / "video"])
    assert [outcome.status for outcome in outcomes] == [Status.FAILED]
    scan.database.close()


def test_two_are_heard_at_once_and_each_as_if_alone(place: Path) -> None:
    source = place / "one.ts"
    recording = vdr_directory(place / "video", "Abendschau")
    source.write_bytes((recording / "00001.ts").read_bytes() + (recording / "00002.ts").read_bytes())
    shutil.rmtree(place / "video")
    (place / "video").mkdir()
    for number in range(3):
        copy_of(source, place / "video" / f"{number}.ts", number)
    config, told = load_config(place / "config.toml"), _Counter()
    scan = Scan(config, open_database(config.database.path), told, jobs=2)
    outcomes = list(scan.paths([place / "video"]))
    scan.database.close()
    assert {outcome.status for outcome in outcomes} == {Status.SCANNED} and len(outcomes) == 3
    assert told.most == 2
    columns = "substr(recording, -4), speaker, start_s, end_s"
    markers = rows(place, f"SELECT {columns} FROM voice_markers ORDER BY 1, 3")
    found = [[marker[1:] for marker in markers if marker[0] == f"{number}.ts"] for number in range(3)]
    assert found[0] and found[0] == found[1] == found[2]
    assert rows(place, "SELECT state, attempts FROM jobs") == [("done", 1)] * 3


class _Counter(Listener):
    """How many were in hand at most."""

    def __init__(self) -> None:
        self._in_hand, self.most = 0, 0

    def started(self, path: Path, expected_s: float | None) -> None:
        self._in_hand += 1
        self.most = max(self.most, self._in_hand)

    def finished(self, outcome: Outcome) -> None:
        self._in_hand -= 1


class _Remover(Listener):
    """Deletes the recording as soon as it is being heard."""

    def started(self, path: Path, expected_s: float | None) -> None:
        shutil.rmtree(path)


def test_the_python_interface_raises_when_a_recording_failed(place: Path) -> None:
    (place / "video" / "broken.ts").write_text("no recording at all " * 1000)
    with pytest.raises(RecordingError, match=r"broken\.ts"):
        voicemark.scan(place / "video", load_config(place / "config.toml"))


def test_ctrl_c_leaves_a_whole_database_and_no_ffmpeg(place: Path) -> None:
    recording = vdr_directory(place / "video", "Abendschau")
    long = (recording / "00001.ts").read_bytes() + (recording / "00002.ts").read_bytes()
    for number in range(1, 41):
        (recording / f"{number:05}.ts").write_bytes(long)
    process = subprocess.Popen(
        [*VOICEMARK, "scan", str(place / "video"), "--config", str(place / "config.toml")],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ONE_THREAD,
        # Whoever runs the tests in the background has told this signal to be ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    try:
        deadline = time.monotonic() + 60
        while not rows_or_none(place) and time.monotonic() < deadline and process.poll() is None:
            time.sleep(0.05)
        while not _children(process.pid) and time.monotonic() < deadline and process.poll() is None:
            time.sleep(0.05)
        children = _children(process.pid)
        assert children, "nothing is heard with"
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode == 130
    assert "interrupted" in stderr
    deadline = time.monotonic() + 10
    while _alive(children) and time.monotonic() < deadline:  # a busy machine takes a moment to bury them
        time.sleep(0.05)
    assert not _alive(children)
    assert rows(place, "PRAGMA integrity_check") == [("ok",)]
    assert rows(place, "SELECT state FROM jobs") == [("ready",)]
    assert rows(place, "SELECT count(*) FROM markers") == [(0,)]


def rows_or_none(place: Path) -> list[tuple[Any, ...]]:
    try:
        return rows(place, "SELECT 1 FROM jobs WHERE state = 'running'")
    except sqlite3.OperationalError:
        return []


def _alive(processes: list[int]) -> list[int]:
    return [process for process in processes if Path(f"/proc/{process}").exists()]


def _children(pid: int) -> list[int]:
    """Of all its threads."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            found += [int(child) for child in task.read_text().split()]
    return found
