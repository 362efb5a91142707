"""The service as systemd, a recorder and its owner meet it: a real process with real recordings and signals."""

import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import psutil
import pytest
from support.service import IMPATIENT, Daemon, Home, serving, status_of

from voicemark.recorders.hooks import Request, leave_request

pytestmark = pytest.mark.timeout(600)
"""Processes wait for each other; on a busy machine that takes a while."""


def test_a_life_of_the_service(tmp_path: Path, sources: Path) -> None:
    """What is there at the start, what comes, a request, wrong and right configurations, and the end."""
    home = Home(tmp_path, sources, service='[export]\nformats = ["json"]\nfolder = "export"')
    home.record("first.ts", 0)
    odd_name = os.fsdecode(b"K\xf6ln.ts")
    home.record(odd_name, 1)
    with serving(home) as daemon:
        ready_at = daemon.messages.index("READY=1")
        assert any(message.startswith("STATUS=") for message in daemon.messages[:ready_at])
        assert set(home.states()) == {"first.ts", "K\\udcf6ln.ts"}, "READY before the first look was over"
        daemon.wait_done(2)

        home.record("second.ts", 2)
        leave_request(home.requests, Request("vdr", "after", home.video / "second.ts"))
        daemon.wait_done(3)
        assert list(home.requests.iterdir()) == []

        right = home.config.read_text()
        home.config.write_text(right.replace("threshold = 0.5", "threshold = 'loud'"))
        daemon.hang_up()
        daemon.wait(lambda: "stays in force" in daemon.log, "the refusal")
        attempts = home.attempts()
        home.config.write_text(right.replace('name = "Low"', 'name = "Renamed"'))
        daemon.hang_up()
        daemon.wait(lambda: {marker[1] for marker in home.markers()} == {"Renamed"}, "the new name in the markers")
        assert home.attempts() == attempts, "decoded again"
        exported = sorted((tmp_path / "export").rglob("*.json"))
        daemon.wait(lambda: all("Renamed" in path.read_text() for path in exported), "the new name in the exports")
        assert len(exported) == 3

        assert 'voicemark_jobs{state="done"}' in (tmp_path / "voicemark.prom").read_text()
        assert any(message == "WATCHDOG=1" for message in daemon.messages)
        assert daemon.terminate() == 0
    assert "STOPPING=1" in daemon.messages
    assert home.intact()
    lines = [line for line in daemon.log.splitlines() if "× real time" in line]
    assert len(lines) == 3, "one line for each recording"


@pytest.fixture
def programs(tmp_path: Path) -> Iterator[Path]:
    """A folder for PATH with an ffmpeg that is killed, broken, hangs, or talks without end when the file `fault` beside
    it says so; the latter two with a child of its own."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("ffmpeg", "ffprobe"):
        real = shutil.which(name)
        assert real is not None
        faults = "killed) kill -9 $$;;\nbroken) exit 127;;\n"
        faults += "hangs) sleep 1000 & exec sleep 1000;;\nfloods) yes >&2 & exec yes >&2;;\n"
        script = f'#!/bin/sh\ncase "$(cat {folder}/fault)" in\n{faults}esac\n'
        (folder / name).write_text(
            f'{script}exec {real} "$@"\n' if name == "ffmpeg" else f'#!/bin/sh\nexec {real} "$@"\n'
        )
        (folder / name).chmod(0o755)
    (folder / "fault").write_text("none")
    yield folder


def hangs(daemon: Daemon) -> bool:
    """Has its ffmpeg come so far as to hang, or flood?"""
    with suppress(psutil.NoSuchProcess):
        return any(child.name() in ("sleep", "yes") for child in daemon.process.children(recursive=True))
    return False


def test_an_ffmpeg_that_is_killed_hangs_or_is_missing_loses_nothing(
    tmp_path: Path, sources: Path, programs: Path
) -> None:
    home = Home(tmp_path, sources, stall_s=2.0, service="retries = 20")

    def tried(name: str) -> bool:
        """Whether a try of it has failed: as its own fault, or as one of the place, which is waited for."""
        return home.attempts().get(name, 0) >= 2 or name in str(status_of(home)["out_of_reach"])

    with serving(home, path=f"{programs}:/bin") as daemon:
        (programs / "fault").write_text("killed")
        home.record("killed.ts", 0)
        daemon.wait(lambda: tried("killed.ts"), "a try that failed")
        (programs / "fault").write_text("none")
        daemon.wait_done(1)

        (programs / "fault").write_text("hangs")
        home.record("hangs.ts", 1)
        daemon.wait(lambda: tried("hangs.ts"), "a try that failed")
        (programs / "fault").write_text("none")
        daemon.wait_done(2)
        assert daemon.process.poll() is None


@pytest.mark.parametrize("fault", ["hangs", "floods"])
def test_the_end_comes_in_time_and_gives_the_job_back(
    tmp_path: Path, sources: Path, programs: Path, fault: str
) -> None:
    home = Home(tmp_path, sources, stall_s=600.0)
    with serving(home, path=f"{programs}:/bin") as daemon:
        (programs / "fault").write_text(fault)
        home.record("long.ts")
        daemon.wait(lambda: home.states() == {"long.ts": "running"}, "the job to run")
        daemon.wait(lambda: hangs(daemon), "ffmpeg")
        children = daemon.process.children(recursive=True)
        assert daemon.terminate() == 0
        assert not any(child.is_running() and child.status() != "zombie" for child in children)
    assert home.states() == {"long.ts": "ready"}
    assert home.attempts() == {"long.ts": 0}


def test_while_ffmpeg_is_broken_the_work_waits_and_no_attempt_counts(
    tmp_path: Path, sources: Path, programs: Path
) -> None:
    home = Home(tmp_path, sources, service="retries = 0")  # The first that counts is the last.
    with serving(home, path=f"{programs}:/bin") as daemon:
        (programs / "fault").write_text("broken")
        home.record("a.ts", 0)
        home.record("b.ts", 1)
        daemon.wait(lambda: "ffmpeg failed" in str(status_of(home)["waiting"]), "the queue to wait")
        (programs / "fault").write_text("none")
        daemon.wait_done(2)
    assert set(home.attempts().values()) == {1}


def test_without_ffmpeg_the_work_waits_and_no_attempt_counts(tmp_path: Path, sources: Path) -> None:
    home = Home(tmp_path, sources)
    home.record("a.ts")
    (tmp_path / "empty").mkdir()
    with serving(home, path=str(tmp_path / "empty")) as daemon:
        daemon.wait(lambda: "is not installed" in daemon.log, "the complaint")
        daemon.wait(lambda: any("is not installed" in message for message in daemon.messages), "the status")
        assert home.states() == {"a.ts": "ready"}
        assert home.attempts() == {"a.ts": 0}
        (tmp_path / "empty" / "ffmpeg").symlink_to(str(shutil.which("ffmpeg")))
        (tmp_path / "empty" / "ffprobe").symlink_to(str(shutil.which("ffprobe")))
        home.record("b.ts", 1)  # New work wakes the worker.
        daemon.wait_done(2)


def test_a_malicious_recording_reads_nothing_but_itself(tmp_path: Path, sources: Path) -> None:
    home = Home(tmp_path, sources)
    secret = home.record("secret.ts").rename(tmp_path / "secret.ts")
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        server.settimeout(0.0)
        address = f"http://127.0.0.1:{server.getsockname()[1]}"
        (home.video / "playlist.ts").write_text(
            f"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{address}/a.ts\n#EXTINF:10,\n{secret}\n#EXT-X-ENDLIST\n"
        )
        (home.video / "concat.ts").write_text(f"ffconcat version 1.0\nfile '{secret}'\nfile '{address}/b.ts'\n")
        (home.video / "subfile.ts").write_text(f"subfile,,start,0,end,0,,:{secret}\n")
        with serving(home) as daemon:
            home.record("good.ts", 1)
            daemon.wait_done(1)
            daemon.wait(
                lambda: (
                    list(home.states().values()).count("failed") == 3
                    or all(home.attempts()[name] >= 2 for name in ("playlist.ts", "concat.ts", "subfile.ts"))
                ),
                "the refusals",
            )
        with pytest.raises(BlockingIOError):
            server.accept()
    assert home.states()["good.ts"] == "done"
    assert home.query("SELECT count(*) FROM window_embeddings") == [(1,)]


def test_a_database_locked_by_a_reader_or_a_writer_is_waited_for(tmp_path: Path, sources: Path) -> None:
    home = Home(tmp_path, sources)
    with serving(home, prelude=IMPATIENT) as daemon:
        with closing(sqlite3.connect(home.database, isolation_level=None)) as other:
            other.execute("BEGIN")
            other.execute("SELECT count(*) FROM jobs").fetchall()  # A reader's snapshot stays open.
            home.record("a.ts", 0)
            daemon.wait_done(1)
            other.execute("COMMIT")
            other.execute("BEGIN IMMEDIATE")
            home.record("b.ts", 1)
            daemon.wait(lambda: "is locked by another program" in daemon.log, "the complaint")
            other.execute("COMMIT")
        daemon.wait_done(2)
        assert home.attempts() == {"a.ts": 1, "b.ts": 1}


def test_a_better_title_that_comes_later_is_stored_without_hearing_anything_again(
    tmp_path: Path, sources: Path
) -> None:
    home = Home(tmp_path, sources)
    with serving(home) as daemon:
        path = home.record("a.ts")
        daemon.wait_done(1)
        path.with_suffix(".nfo").write_text("<movie><title>Der Film</title></movie>")
        daemon.wait(lambda: home.query("SELECT title FROM recordings") == [("Der Film",)], "the title")
        assert home.attempts() == {"a.ts": 1}
        assert home.query("SELECT title FROM programmes JOIN recording_programmes ON programme_id = id") == [
            ("Der Film",)
        ]


def test_a_wrong_configuration_ends_with_a_code_of_its_own(tmp_path: Path, sources: Path) -> None:
    home = Home(tmp_path, sources)
    home.config.write_text("[match]\nthreshold = 5\n")
    daemon = Daemon(home)
    assert daemon.process.wait(timeout=60) == 78
    assert "match.threshold" in daemon.log


def test_a_damaged_database_ends_with_another(tmp_path: Path, sources: Path) -> None:
    home = Home(tmp_path, sources)
    home.database.write_text("no database " * 1000)
    daemon = Daemon(home)
    assert daemon.process.wait(timeout=60) == 74
    assert "is no SQLite database" in daemon.log


def test_two_services_and_a_scan_share_the_work_without_doing_any_twice(tmp_path: Path, sources: Path) -> None:
    home = Home(tmp_path, sources)
    count = 8
    for number in range(count):
        home.record(f"{number:02}.ts", number)
    scan = [sys.executable, "-c", "from voicemark.cli.main import run; run()", "scan"]
    scan += [str(home.video), "-c", str(home.config)]
    with serving(home) as first, serving(home) as second:
        scanned = subprocess.run(scan, capture_output=True, text=True)
        assert scanned.returncode == 0, scanned.stderr
        first.wait_done(count)
        assert first.terminate() == second.terminate() == 0
    assert home.attempts() == {f"{number:02}.ts": 1 for number in range(count)}
    assert home.query("SELECT count(*) FROM window_embeddings") == [(count,)]
    done_by_services = len([line for line in first.log.splitlines() if "× real time" in line])
    assert done_by_services + scanned.stderr.count(": scanned") == count


def test_the_watchdog_is_not_fed_while_the_work_is_stuck(tmp_path: Path, sources: Path, programs: Path) -> None:
    home = Home(tmp_path, sources, stall_s=600.0)
    stuck_s, tick_s = 2.0, 0.5
    prelude = f"from voicemarkd import service; service.STUCK_S, service.TICK_S = {stuck_s}, {tick_s}"
    daemon = Daemon(home, path=f"{programs}:/bin", prelude=prelude)
    try:
        daemon.wait_ready()
        (programs / "fault").write_text("hangs")
        home.record("stuck.ts")
        daemon.wait(lambda: hangs(daemon), "ffmpeg")
        time.sleep(stuck_s + 2 * tick_s)
        daemon.messages.clear()
        time.sleep(4 * tick_s)
        assert "WATCHDOG=1" not in daemon.messages
        (programs / "fault").write_text("none")
        for child in daemon.process.children(recursive=True):
            child.kill()
        daemon.wait(lambda: "WATCHDOG=1" in daemon.messages, "a sign that it advances")
        daemon.wait_done(1)
    finally:
        daemon.kill()
