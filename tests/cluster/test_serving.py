"""A scheduler and workers as processes of their own, which speak TLS: a death costs time, strangers get nothing."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from support.cluster import Archive, Record, free_port
from support.commands import run
from support.ears import begun, light_ear

from voicemark.cluster import line
from voicemark.voice.encoder import Encoder

PATIENCE_S = 120.0


class Process:
    """`voicemark cluster …`, and what it says."""

    def __init__(self, ear: tuple[str, ...], *arguments: str | Path) -> None:
        program = (
            f"from voicemark.cluster import post, serving; post.EAR = {ear!r}; serving.AGAIN_S = 0.5; "
            "from voicemark.cli.main import run; run()"
        )
        self.process = subprocess.Popen(
            [sys.executable, "-c", program, "cluster", *map(str, arguments)],
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self._said: list[str] = []
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        self._said.extend(self.process.stderr)

    @property
    def said(self) -> str:
        return "".join(self._said)

    def wait_for(self, text: str) -> None:
        wait(lambda: text in self.said or self.process.poll() is not None, text)
        assert text in self.said, self.said

    def end(self, number: int) -> int:
        if self.process.poll() is None:
            os.kill(self.process.pid, number)
        code = self.process.wait(PATIENCE_S)
        self._reader.join()
        return code


def wait(condition: Callable[[], object], what: str) -> None:
    ends = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < ends, f"waited in vain for {what}"
        time.sleep(0.02)


@contextmanager
def running(ear: tuple[str, ...], *arguments: str | Path) -> Iterator[Process]:
    process = Process(ear, *arguments)
    try:
        yield process
    finally:
        process.end(signal.SIGKILL)


def test_a_worker_that_is_killed_amid_a_recording_costs_time_alone(
    tmp_path: Path, machine: Callable[..., Path], archive: Archive, record: Record, ears: Path, encoder: Encoder
) -> None:
    """Its successor finds the recordings at another path, and another machine has no way to them at all."""
    for name in ("wait.ts", "a.ts"):
        record(name)
    (ears / "gate").touch()
    mounted = tmp_path / "mounted"
    mounted.symlink_to(archive.video)
    address = f"tls://127.0.0.1:{free_port()}"
    ear = light_ear(ears, encoder.model_id)
    join = ("worker", "--scheduler", address, "--workers", "1", "--config")
    with ExitStack() as stack:
        scheduler = stack.enter_context(running(ear, "scheduler", "--listen", address, "-c", machine("recorder")))
        scheduler.wait_for("a scheduler listens")
        stranger = run("cluster", *join[:-1], "--once", "-c", machine("stranger", authority="theirs"))
        assert stranger.returncode == 1 and "do not accept each other's certificates" in stranger.stderr
        asked = run("backfill", "--scheduler", address, "-c", archive.root / "stranger.toml")
        assert asked.returncode == 1 and "do not accept each other's certificates" in asked.stderr
        first = stack.enter_context(running(ear, *join, machine("first")))
        lost = stack.enter_context(running(ear, *join, machine("lost", root="films")))
        for one in (first, lost):
            one.wait_for("1 workers hear")
        seconds: list[Process] = []

        def kill_and_replace() -> None:
            wait(lambda: "wait.ts" in [name for _, name in begun(ears)], "the recording")
            first.end(signal.SIGKILL)
            (ears / "gate").unlink()
            seconds.append(stack.enter_context(running(ear, *join, machine("second", video=mounted))))

        killer = threading.Thread(target=kill_and_replace)
        killer.start()
        done = run("backfill", "--scheduler", address, "-c", archive.root / "recorder.toml")
        killer.join()
        if done.returncode != 0:  # The successor came when all who were there had been asked.
            seconds[0].wait_for("1 workers hear")
            done = run("backfill", "--scheduler", address, "-c", archive.root / "recorder.toml")
        assert done.returncode == 0, done.stderr
        assert seconds[0].end(signal.SIGTERM) == 0
        assert scheduler.end(signal.SIGTERM) == 0
    assert archive.jobs() == {"wait.ts": ("done", 2, None), "a.ts": ("done", 1, None)}
    assert len({process for process, _ in begun(ears)}) == 2


def test_a_scheduler_that_is_killed_and_started_again_costs_time_alone(
    machine: Callable[..., Path],
    archive: Archive,
    record: Record,
    ears: Path,
    encoder: Encoder,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What was in hand is given back meanwhile, and nothing is counted; the same run goes on."""
    for name in ("wait.ts", "a.ts", "b.ts"):
        record(name)
    (ears / "gate").touch()
    monkeypatch.setattr(line, "FIRST_S", 0.2)
    monkeypatch.setattr(line, "LONGEST_S", 0.5)
    address = f"tls://127.0.0.1:{free_port()}"
    ear = light_ear(ears, encoder.model_id)
    listen = ("scheduler", "--listen", address, "-c", machine("recorder"))
    given_back: list[dict[str, tuple[object, ...]]] = []
    with ExitStack() as stack:
        first = stack.enter_context(running(ear, *listen))
        first.wait_for("a scheduler listens")
        join = ("worker", "--scheduler", address, "--workers", "1", "--config", machine("box"))
        worker = stack.enter_context(running(ear, *join))
        worker.wait_for("1 workers hear")

        def kill_and_start_again() -> None:
            wait(lambda: "wait.ts" in [name for _, name in begun(ears)], "the recording")
            first.end(signal.SIGKILL)
            wait(lambda: archive.jobs()["wait.ts"][0] == "ready", "the claim")
            given_back.append(archive.jobs())
            (ears / "gate").unlink()
            stack.enter_context(running(ear, *listen)).wait_for("a scheduler listens")

        killer = threading.Thread(target=kill_and_start_again)
        killer.start()
        done = run("backfill", "--scheduler", address, "-c", archive.root / "recorder.toml")
        killer.join()
        assert worker.process.poll() is None
    assert done.returncode == 0, done.stderr
    assert "waits for the scheduler to come back" in done.stderr and "3 heard" in done.stderr
    assert given_back[0]["wait.ts"] == ("ready", 0, None)
    assert archive.jobs() == dict.fromkeys(("wait.ts", "a.ts", "b.ts"), ("done", 1, None))
    assert archive.query("SELECT count(*) FROM cluster_workers") == [(0,)]


def test_a_scheduler_that_is_not_there_at_the_start_is_told_and_not_waited_for(
    machine: Callable[..., Path], archive: Archive
) -> None:
    done = run("backfill", "--scheduler", f"tls://127.0.0.1:{free_port()}", "-c", machine("recorder"))
    assert done.returncode == 1 and "no scheduler answers" in done.stderr
