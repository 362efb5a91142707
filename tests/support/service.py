"""The real service as a process, real recordings for it, and what it says to its service manager."""

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import numpy as np
import psutil
from numpy.typing import NDArray
from support.commands import run
from support.forked import Forked
from support.sound import RATE, write_wav
from support.speech import ANNA, BERT, speak

LONG = bool(os.environ.get("VOICEMARK_SOAK"))
"""The tests of `make soak` run at their full length, and services at their own pace."""

PATIENCE_S = 300.0
"""After so long a test gives up; nothing takes that long unless it hangs."""

PACE = """
from datetime import timedelta
from voicemark.store import jobs
from voicemarkd import exports, patience, service, steps, waits, watch, worker
exports.FIRST_PAUSE_S = 2.0
jobs.FIRST_WAIT = timedelta(seconds=1)
service.TICK_S = 0.5
watch.BURST_S = 0.5
worker.IDLE_S = worker.LOOK_AGAIN_S = waits.QUEUE_PAUSE_S = steps.SAMPLES_S = 1.0
patience.Patience.__init__.__defaults__ = (1.0, 5.0)
"""
"""Run before a service: it looks up from its rests sooner than a machine that records would like."""

IMPATIENT = "" if LONG else "from voicemarkd import main; main.BUSY_S = 1.0"
"""A prelude for services that will find their database locked: they complain sooner."""

CONFIG = """
[database]
url = "sqlite:///{database}"

[[watch]]
path = "video"
settle_s = {settle_s}
poll_s = 1.0
{watch}

[match]
normalise = false
threshold = 0.5

[[speakers]]
name = "Low"
samples = [{{ file = "samples/low.wav" }}]

[audio]
stall_s = {stall_s}

[encoder]
device = "cpu"
threads = 1

[service]
requests = "requests"
metrics_file = "{metrics}"
rescan_s = 5.0
retry_pause_s = 0.1
nice = 0
idle_io = false
{service}
"""
"""Of a recorder in a hurry; with a full share of the processor, as other tests run beside it."""


def make_recording(path: Path, parts: Sequence[NDArray[np.float32]]) -> Path:
    """These parts of 16 kHz audio, one after another, as MP2 in an MPEG transport stream."""
    encode = (
        "-f",
        "f32le",
        "-ar",
        str(RATE),
        "-ac",
        "1",
        "-i",
        "pipe:0",
        "-ar",
        "48000",
        "-c:a",
        "mp2",
        "-b:a",
        "128k",
        "-f",
        "mpegts",
    )
    subprocess.run(
        ["ffmpeg", "-v", "error", "-y", *encode, str(path)], check=True, input=np.concatenate(parts).tobytes()
    )
    return path


def copy_of(source: Path, target: Path, number: int) -> Path:
    """The same recording with other content: null packets (PID 0x1FFF) are appended, which players skip."""
    packet = bytes([0x47, 0x1F, 0xFF, 0x10]) + number.to_bytes(8, "big") * 23
    part = target.with_name(f".{target.name}.part")
    part.write_bytes(source.read_bytes() + packet)
    part.rename(target)
    return target


class Home:
    """A folder with a configuration, samples, a recorder's folder and a database."""

    def __init__(
        self,
        root: Path,
        sources: Path,
        *,
        watch: str = "",
        service: str = "",
        settle_s: float = 0.0,
        stall_s: float = 60.0,
        database: Path | None = None,
        metrics: Path | None = None,
    ) -> None:
        self.root = root
        self.sources = sources
        self.video = root / "video"
        self.requests = root / "requests"
        self.database = database or root / "voicemark.db"
        self.config = root / "config.toml"
        for folder in (self.video, self.requests, root / "samples"):
            folder.mkdir(parents=True, exist_ok=True)
        (root / "samples" / "low.wav").write_bytes((sources / "low.wav").read_bytes())
        self.config.write_text(
            CONFIG.format(
                database=self.database,
                metrics=metrics or root / "voicemark.prom",
                watch=watch,
                service=service,
                settle_s=settle_s,
                stall_s=stall_s,
            )
        )

    def record(self, name: str, number: int = 0) -> Path:
        """A finished recording appears."""
        bases = sorted(self.sources.glob("*.ts"))
        return copy_of(bases[number % len(bases)], self.video / name, number)

    def query(self, sql: str) -> list[tuple[object, ...]]:
        """Rows from the database, as a person would ask; nothing while there is none yet."""
        try:
            with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, timeout=2)) as connection:
                return connection.execute(sql).fetchall()
        except sqlite3.OperationalError:
            return []

    def states(self) -> dict[str, str]:
        """State of the present job of each recording, by its name."""
        sql = "SELECT r.path, j.state FROM jobs j JOIN recordings r ON r.id = j.recording_id WHERE j.state <> 'gone'"
        return {str(path).rsplit("/", 1)[-1]: str(state) for path, state in self.query(sql)}

    def attempts(self) -> dict[str, int]:
        """How often each recording was tried."""
        sql = "SELECT r.path, j.attempts FROM jobs j JOIN recordings r ON r.id = j.recording_id WHERE j.state <> 'gone'"
        return {str(path).rsplit("/", 1)[-1]: int(str(number)) for path, number in self.query(sql)}

    def markers(self) -> list[tuple[object, ...]]:
        """Every marker, without its ids."""
        return self.query(
            "SELECT replace(r.path, rtrim(r.path, replace(r.path, '/', '')), ''), v.name, m.start_s, m.end_s, m.score"
            " FROM markers m JOIN recordings r ON r.id = m.recording_id JOIN voices v ON v.id = m.voice_id"
            " ORDER BY 1, 2, 3"
        )

    def intact(self) -> bool:
        """What SQLite itself says of the database."""
        where = f"file:{self.database}?mode=rw"
        # After a kill the log is recovered first, which may wait for a child that has not ended yet.
        with (
            suppress(sqlite3.OperationalError),
            closing(sqlite3.connect(where, uri=True, timeout=60)) as connection,
        ):
            return bool(connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)])
        return False


class Daemon:
    """A running `voicemarkd`."""

    def __init__(
        self,
        home: Home,
        *,
        path: str | None = None,
        log: int | None = None,
        environment: Mapping[str, str] | None = None,
        prelude: str = "",
    ) -> None:
        """`path` is its PATH; `log` a file descriptor that is its stderr, in place of the home's log file; `prelude`
        is Python that runs before it, after `PACE`."""
        self.home = home
        self.messages: list[str] = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        address = f"@voicemark-{os.getpid()}-{id(self)}"
        self._socket.bind("\0" + address[1:])
        self._log = (home.root / "log").open("ab")
        settings = {"NOTIFY_SOCKET": address, "OMP_NUM_THREADS": "1", "PATH": path or os.environ["PATH"]}
        settings = {**os.environ, **settings, **(environment or {})}
        program = f"{'' if LONG else PACE}\n{prelude}\nfrom voicemarkd.main import run; run()"
        arguments = ["--config", str(home.config)]
        stdout, stderr = self._log.fileno(), self._log.fileno() if log is None else log
        self.process: psutil.Popen | Forked
        if LONG or "LD_PRELOAD" in settings:  # The loader reads it.
            command = [sys.executable, "-c", program, *arguments]
            self.process = psutil.Popen(command, env=settings, stdout=stdout, stderr=stderr, start_new_session=True)
        else:
            self.process = Forked(program, arguments, settings, stdout=stdout, stderr=stderr)
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            try:
                data = self._socket.recv(65536)
            except OSError:
                return
            if not data:
                return
            self.messages += data.decode().splitlines()

    @property
    def log(self) -> str:
        """Everything logged so far, by this and earlier services of the home."""
        return (self.home.root / "log").read_text(errors="replace")

    def wait(self, condition: Callable[[], bool], what: str) -> None:
        """Until `condition` holds; fails when the service ends, or when for long nothing changes in its jobs."""
        before, ends = self.home.states(), time.monotonic() + PATIENCE_S
        while not condition():
            assert self.process.poll() is None, f"ended while waiting for {what}:\n{self.log[-3000:]}"
            if (states := self.home.states()) != before:
                before, ends = states, time.monotonic() + PATIENCE_S
            assert time.monotonic() < ends, f"waited in vain for {what}: {Counter(states.values())}\n{self.log[-3000:]}"
            time.sleep(0.05 if len(states) < 50 else 0.5)

    def wait_ready(self) -> None:
        """Until it has told systemd that it is ready."""
        self.wait(lambda: "READY=1" in self.messages, "READY")

    def wait_done(self, count: int) -> None:
        """Until so many recordings are done."""
        self.wait(lambda: list(self.home.states().values()).count("done") >= count, f"{count} done")

    def hang_up(self) -> None:
        """SIGHUP: read the configuration again."""
        self.process.send_signal(signal.SIGHUP)

    def kill(self) -> None:
        """SIGKILL, as a power cut: its children go as well."""
        children = self.process.children(recursive=True)
        for process in (self.process, *children):
            try:
                process.kill()
            except psutil.NoSuchProcess:
                continue
        self._ended()

    def terminate(self) -> int:
        """SIGTERM; the exit code."""
        self.process.terminate()
        return self._ended()

    def _ended(self) -> int:
        code = self.process.wait(timeout=PATIENCE_S)
        self._socket.close()
        self._log.close()
        assert code is not None
        return int(code)


@contextmanager
def serving_unready(
    home: Home,
    *,
    path: str | None = None,
    log: int | None = None,
    environment: Mapping[str, str] | None = None,
    prelude: str = "",
) -> Iterator[Daemon]:
    """The service has been started."""
    daemon = Daemon(home, path=path, log=log, environment=environment, prelude=prelude)
    try:
        yield daemon
    finally:
        if daemon.process.poll() is None:
            daemon.kill()


@contextmanager
def serving(
    home: Home,
    *,
    path: str | None = None,
    log: int | None = None,
    environment: Mapping[str, str] | None = None,
    prelude: str = "",
) -> Iterator[Daemon]:
    """The service runs while inside, and has told that it is ready."""
    with serving_unready(home, path=path, log=log, environment=environment, prelude=prelude) as daemon:
        daemon.wait_ready()
        yield daemon


def make_sources(folder: Path) -> Path:
    """Recordings to copy from, and a sample of a voice that is heard in all of them."""
    write_wav(folder / "low.wav", speak(BERT, 12, 1))
    make_recording(folder / "a.ts", [speak(BERT, 4, 2), speak(ANNA, 3, 3)])
    make_recording(folder / "b.ts", [speak(ANNA, 3, 4), speak(BERT, 4, 5)])
    make_recording(folder / "c.ts", [speak(BERT, 6, 6)])
    return folder


def status_of(home: Home) -> dict[str, object]:
    """What `voicemark status --json` says."""
    done = run("status", "--json", "--config", home.config)
    assert done.returncode == 0, done.stderr
    told: dict[str, object] = json.loads(done.stdout)
    return told
