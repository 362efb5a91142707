"""A backfill leaves the database as one machine would, whatever happens to workers, and takes nobody's work."""

import os
import signal
import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from support.cluster import Archive, Record
from support.commands import Done, run
from support.ears import begun, light_ear

from voicemark.actions.status import read_status
from voicemark.cluster import coordinator, post
from voicemark.cluster.finding import look
from voicemark.config import load_config
from voicemark.store.database import open_database, open_to_read
from voicemark.store.jobs import Jobs
from voicemark.voice.encoder import Encoder

PATIENCE_S = 120.0

WHAT_IS_KEPT = """
SELECT replace(r.path, rtrim(r.path, replace(r.path, '/', '')), '') AS name, r.content, r.title, r.duration_s,
    r.audio_stream, r.notes, r.model_id, r.match_key, r.numerics, e.windows, e.turns, e.data, j.state
FROM recordings r JOIN window_embeddings e ON e.recording_id = r.id JOIN jobs j ON j.recording_id = r.id ORDER BY 1;
SELECT r.content, v.name, m.start_s, m.end_s, m.score FROM markers m JOIN recordings r ON r.id = m.recording_id
    JOIN voices v ON v.id = m.voice_id ORDER BY 1, 2, 3;
SELECT r.content, t.number, t.start_s, t.end_s, t.local_speaker FROM turns t
    JOIN recordings r ON r.id = t.recording_id ORDER BY 1, 2;
SELECT r.content, s.number, s.seconds, s.embedding FROM local_speakers s
    JOIN recordings r ON r.id = s.recording_id ORDER BY 1, 2;
SELECT r.content, t.turn, v.name, t.score FROM turn_voices t JOIN recordings r ON r.id = t.recording_id
    JOIN voices v ON v.id = t.voice_id ORDER BY 1, 2;
SELECT r.content, n.cohort, n.turns, n.taken FROM normalisations n JOIN recordings r ON r.id = n.recording_id ORDER BY 1
"""


def backfill(archive: Archive, *arguments: str | Path, workers: int = 1) -> Done:
    return run("backfill", "--workers", str(workers), *arguments, "-c", archive.config)


def kept(archive: Archive) -> list[list[tuple[object, ...]]]:
    """All that is known of the recordings but times and numbers of rows."""
    with closing(sqlite3.connect(archive.database)) as connection:
        return [connection.execute(query).fetchall() for query in WHAT_IS_KEPT.split(";")]


@contextmanager
def once(condition: Callable[[], object], act: Callable[[], None]) -> Iterator[None]:
    """While inside, somebody else waits for the condition, and acts."""
    failed: list[BaseException] = []
    left = threading.Event()

    def wait() -> None:
        ends = time.monotonic() + PATIENCE_S
        try:
            while not condition():
                assert not left.is_set() and time.monotonic() < ends, "it never came to that"
                time.sleep(0.02)
            act()
        except BaseException as error:
            failed.append(error)

    watcher = threading.Thread(target=wait)
    watcher.start()
    try:
        yield
    finally:
        left.set()
        watcher.join()
    assert not failed, failed


GATED = """
import os, sys, time
from pathlib import Path
from voicemark.cluster import ear

folder, listen = Path(sys.argv[1]), ear.listen

def listen_later(*arguments):
    (folder / str(os.getpid())).touch()
    while (folder / "gate").exists():
        time.sleep(0.02)
    return listen(*arguments)

ear.listen = listen_later
ear.main()
"""
"""The real process that hears; amid each recording it waits until the gate is gone."""


def test_two_workers_of_which_one_is_killed_leave_the_same_bytes_as_one_machine(
    tmp_path: Path, archive: Archive, sources: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = Archive(tmp_path / "alone", sources, model)
    for number in range(3):
        archive.record(f"{number}.ts", number)
        alone.record(f"{number}.ts", number)
    assert run("scan", alone.video, "-c", alone.config).returncode == 0
    amid = tmp_path / "amid"
    amid.mkdir()
    (amid / "gate").touch()
    monkeypatch.setattr(post, "EAR", (sys.executable, "-c", GATED, str(amid)))

    def processes() -> list[int]:
        return [int(file.name) for file in amid.iterdir() if file.name != "gate"]

    def kill_one() -> None:
        os.kill(min(processes()), signal.SIGKILL)
        (amid / "gate").unlink()

    with once(lambda: len(processes()) == 2, kill_one):
        done = backfill(archive, workers=2)
    assert done.returncode == 0 and "signal 9" in done.stderr
    assert [row[0] for row in archive.jobs().values()] == ["done"] * 3
    assert sorted(int(str(row[1])) for row in archive.jobs().values()) == [1, 1, 2]
    assert kept(archive) == kept(alone)
    assert archive.query("SELECT count(numerics), count(*) FROM recordings") == [(3, 3)]
    assert not any(Path(f"/proc/{process}").exists() for process in processes())


def test_poison_is_set_aside_after_its_attempts_and_the_rest_is_done(
    archive: Archive, record: Record, ears: Path
) -> None:
    for name in ("kill.ts", "a.ts", "b.ts"):
        record(name)
    done = backfill(archive, workers=2)
    assert done.returncode == 1 and "signal 9" in done.stderr
    assert {name: row[:2] for name, row in archive.jobs().items()} == {
        "kill.ts": ("failed", 2),
        "a.ts": ("done", 1),
        "b.ts": ("done", 1),
    }
    assert [name for _, name in begun(ears)].count("kill.ts") == 2


def test_workers_with_another_model_hear_nothing_and_nothing_is_counted(
    archive: Archive, record: Record, ears: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record("a.ts")
    monkeypatch.setattr(post, "EAR", light_ear(ears, "vm3-00000000"))
    done = backfill(archive)
    assert done.returncode == 1 and "hears with another model" in done.stderr
    assert archive.jobs() == {"a.ts": ("ready", 0, None)}


def test_a_mount_that_is_away_costs_no_attempt(archive: Archive, record: Record) -> None:
    for name in ("away.ts", "a.ts"):
        record(name)
    done = backfill(archive)
    assert done.returncode == 1
    assert archive.jobs() == {"away.ts": ("ready", 0, "here: away.ts cannot be heard"), "a.ts": ("done", 1, None)}


def test_a_late_answer_is_dropped(
    archive: Archive, record: Record, ears: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that is noticed by a sign of life before is not waited for any more."""
    monkeypatch.setattr(coordinator, "HEARTBEAT_S", 1e9)
    record("wait.ts")
    (ears / "gate").touch()

    def take_over() -> None:
        with closing(sqlite3.connect(archive.database)) as connection:
            connection.execute("UPDATE jobs SET worker = 'recorder/1a2b3c4d/1:77:1234'")
            connection.commit()
        (ears / "gate").unlink()

    with once(lambda: begun(ears), take_over):
        done = backfill(archive)
    assert "no longer this program's work" in done.stderr and "0 heard" in done.stderr
    assert archive.jobs() == {"wait.ts": ("running", 1, None)}
    assert archive.query("SELECT count(*) FROM window_embeddings") == [(0,)]
    assert archive.query("SELECT scanned_at FROM recordings") == [(None,)]


def test_sigterm_gives_back_what_is_in_hand_and_the_status_told_who_had_it(
    archive: Archive, record: Record, ears: Path
) -> None:
    path = record("wait.ts")
    (ears / "gate").touch()
    told = []

    def look_and_end() -> None:
        database = open_to_read(archive.database)
        ends = time.monotonic() + PATIENCE_S
        while time.monotonic() < ends:
            found = read_status(database)
            if any(worker.recording == path for worker in found.workers):
                break
            time.sleep(0.05)
        database.close()
        told.append(found)
        os.kill(os.getpid(), signal.SIGTERM)

    with once(lambda: begun(ears), look_and_end):
        done = backfill(archive)
    assert done.returncode == 130
    [found] = told
    [held] = found.held
    assert held.recording == path and held.machine == "here" and held.lease_until is not None
    [worker] = [worker for worker in found.workers if worker.recording is not None]
    assert (worker.recording, worker.program != "", worker.failed_in_a_row) == (path, True, 0)
    assert archive.jobs() == {"wait.ts": ("ready", 0, None)}
    assert archive.query("SELECT count(*) FROM cluster_workers") == [(0,)]
    assert not any(Path(f"/proc/{process}").exists() for process, _ in begun(ears))


def test_what_another_program_is_at_is_left_to_it(
    archive: Archive, record: Record, ears: Path, encoder: Encoder
) -> None:
    mine, other = record("a.ts"), record("b.ts")
    database = open_database(archive.database)
    assert list(look([mine, other], load_config(archive.config), database, encoder.model_id)) == [1, 1]
    assert Jobs(database).claim(encoder.model_id, other) is not None
    done = backfill(archive)
    database.close()
    assert [name for _, name in begun(ears)] == ["a.ts"]
    assert done.returncode == 0 and "1 running, 1 done" in done.stderr
    assert archive.jobs()["b.ts"][0] == "running"


def test_the_same_content_at_two_places_is_heard_once(archive: Archive, record: Record, ears: Path) -> None:
    path = record("a.ts")
    assert backfill(archive).returncode == 0
    (archive.video / "copy.ts").write_bytes(path.read_bytes())
    done = backfill(archive)
    assert done.returncode == 0 and "known from another place" in done.stderr
    assert [name for _, name in begun(ears)] == ["a.ts"]
    assert {state for state, *_ in archive.jobs().values()} == {"done"}
