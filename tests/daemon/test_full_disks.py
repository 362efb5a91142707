"""Full and read-only disks under the database, the exports, the log and the metrics: the work waits, and goes on."""

import fcntl
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.disks import Disk, mounted
from support.service import Home, serving, serving_unready

pytestmark = pytest.mark.timeout(600)
"""Processes wait for each other; on a busy machine that takes a while."""


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    with mounted(tmp_path / "disk") as made:
        yield made


def test_a_full_disk_and_a_read_only_database_are_waited_for(tmp_path: Path, sources: Path, disk: Disk) -> None:
    home = Home(tmp_path, sources, database=disk.path / "voicemark.db")
    with serving(home) as daemon:
        home.record("a.ts", 0)
        daemon.wait_done(1)
        disk.fill()
        home.record("b.ts", 1)
        daemon.wait(lambda: "the disk is full" in daemon.log, "the complaint")
        disk.make_room()
        daemon.wait_done(2)
        assert daemon.terminate() == 0
    assert home.intact()
    assert len({marker[0] for marker in home.markers()}) == 2
    disk.remount("ro")
    home.record("c.ts", 2)
    with serving_unready(home) as daemon:
        daemon.wait(lambda: "is read-only" in daemon.log, "the complaint")
        disk.remount("rw")
        daemon.wait_done(3)


def test_exports_to_a_full_disk_are_owed_and_written_when_there_is_room(
    tmp_path: Path, sources: Path, disk: Disk
) -> None:
    exports = disk.path / "export"
    home = Home(tmp_path, sources, service=f'[export]\nformats = ["json", "edl"]\nfolder = "{exports}"')
    with serving(home) as daemon:
        disk.fill()
        home.record("a.ts", 0)
        daemon.wait_done(1)
        daemon.wait(lambda: "not exported; tried again later" in daemon.log, "the complaint")
        assert {marker[0] for marker in home.markers()} == {"a.ts"}, "its markers are there all the same"
        home.record("b.ts", 1)
        daemon.wait_done(2)
        daemon.wait(
            lambda: all(name.startswith(".voicemark-written") for name in disk.files()),
            "what was begun to be taken away",
        )
        disk.make_room()
        written = [".voicemark-written.db", "a.ts.edl", "a.ts.json", "b.ts.edl", "b.ts.json"]
        daemon.wait(lambda: disk.files() == written, "the exports")
        daemon.wait(lambda: "a.ts: exported after all" in daemon.log, "its line in the log")
        assert daemon.terminate() == 0
    assert home.attempts() == {"a.ts": 1, "b.ts": 1}, "heard again"
    assert disk.files() == written, "nothing half-written is left"
    for file in exports.rglob("*.json"):
        assert json.loads(file.read_text())["markers"]


def test_a_log_and_metrics_on_a_full_disk_do_not_stop_the_service(tmp_path: Path, sources: Path, disk: Disk) -> None:
    home = Home(tmp_path, sources, metrics=disk.path / "voicemark.prom")
    log = disk.path / "log"
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    disk.fill()
    with serving(home, log=descriptor) as daemon:
        home.record("a.ts", 0)
        daemon.wait_done(1)
        assert log.stat().st_size == 0
        assert disk.files() == ["log"], "half-written metrics"
        disk.make_room()
        home.record("b.ts", 1)
        daemon.wait_done(2)
        daemon.wait(lambda: "b.ts: " in log.read_text(), "the log")
        assert daemon.terminate() == 0
    os.close(descriptor)
    assert "messages before this could not be written" in log.read_text()


@pytest.mark.parametrize("reader", ["gone", "asleep"])
def test_a_log_that_nobody_reads_does_not_stop_the_service(tmp_path: Path, sources: Path, reader: str) -> None:
    home = Home(tmp_path, sources)
    reading, writing = os.pipe()
    if reader == "gone":
        os.close(reading)
    else:
        os.write(writing, b"\0" * fcntl.fcntl(writing, fcntl.F_GETPIPE_SZ))
    with serving(home, log=writing) as daemon:
        home.record("a.ts", 0)
        daemon.wait_done(1)
        assert daemon.terminate() == 0
    os.close(writing)
    if reader == "asleep":
        os.close(reading)
