"""The service with two recordings in hand: it tells of both, gives both back at its end, outlives who hears them."""

import shutil
from pathlib import Path

import psutil
import pytest
from support.service import Daemon, Home, serving, status_of

pytestmark = pytest.mark.timeout(600)


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """A folder for PATH with an ffmpeg that hangs while the file `hang` is beside it."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("ffmpeg", "ffprobe"):
        real = shutil.which(name)
        hangs = f"[ -e {folder}/hang ] && exec sleep 1000\n" if name == "ffmpeg" else ""
        (folder / name).write_text(f'#!/bin/sh\n{hangs}exec {real} "$@"\n')
        (folder / name).chmod(0o755)
    return folder


def hearers(daemon: Daemon) -> list[psutil.Process]:
    """The processes that hear, those in which an ffmpeg hangs."""
    found = []
    for child in daemon.process.children():
        try:
            if "voicemark.actions.hearing_child" in child.cmdline() and child.children():
                found.append(child)
        except psutil.Error:
            continue
    return found


def test_both_are_in_hand_told_of_given_back_and_a_death_costs_one_attempt(
    tmp_path: Path, sources: Path, programs: Path
) -> None:
    home = Home(tmp_path, sources, stall_s=600.0, service="recordings_at_once = 2")
    with serving(home, path=f"{programs}:/bin") as daemon:
        (programs / "hang").touch()
        for number, name in enumerate(("a.ts", "b.ts", "c.ts")):
            home.record(name, number)
        daemon.wait(lambda: len(hearers(daemon)) == 2, "two that hear")
        daemon.wait(lambda: len(home.states()) == 3, "all to be found")
        assert sorted(home.states().values()) == ["ready", "running", "running"]
        assert len(status_of(home)["working_on"]) == 2  # type: ignore[arg-type]
        names = {name for name, state in home.states().items() if state == "running"}
        daemon.wait(lambda: any(names <= set(_words(line)) for line in daemon.messages), "both in the status line")

        first = hearers(daemon)[0]
        orphans = first.children(recursive=True)
        first.kill()
        for orphan in orphans:
            orphan.kill()
        daemon.wait(lambda: first.pid not in [one.pid for one in hearers(daemon)], "its end")
        daemon.wait(lambda: len(hearers(daemon)) == 2, "another in its place")
        daemon.wait(lambda: "ended by SIGKILL" in daemon.log, "the death to be told of")
        (programs / "hang").unlink()
        for child in daemon.process.children(recursive=True):
            if child.name() == "sleep":
                child.kill()
        daemon.wait_done(3)
        assert sorted(home.attempts().values()) == [1, 1, 2]

        (programs / "hang").touch()
        home.record("d.ts", 3)
        home.record("e.ts", 4)
        daemon.wait(lambda: len(hearers(daemon)) == 2, "two that hear")
        everyone = daemon.process.children(recursive=True)
        assert daemon.terminate() == 0
        assert not any(one.is_running() and one.status() != psutil.STATUS_ZOMBIE for one in everyone)
    states, attempts = home.states(), home.attempts()
    assert {name: (states[name], attempts[name]) for name in ("d.ts", "e.ts")} == {
        "d.ts": ("ready", 0),
        "e.ts": ("ready", 0),
    }


def _words(line: str) -> list[str]:
    return line.replace(",", " ").replace(";", " ").split()
