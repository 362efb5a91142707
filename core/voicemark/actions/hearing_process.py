"""Recordings heard by processes of their own, one at a time each: what Python does of the work then shares no lock, and
a recording that brings a process down costs itself an attempt and nothing else.

A process is started when it is needed and kept. It is led a step at a time: it tells how far it is and waits until it
may go on, so that whatever makes this program pause makes it pause as well, with its ffmpeg. It ends when this program
does, however that ends.
"""

import pickle
import signal
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from torch import Tensor

from voicemark.actions.hear import Heard
from voicemark.audio import processes
from voicemark.config import Config, MatchSection
from voicemark.errors import RecordingError, ToolError
from voicemark.pipeline import Progress
from voicemark.recording import Recording
from voicemark.voice.match import VoiceBook
from voicemark.voice.recognise import Recogniser

STUCK_S = 200.0
"""A process that gives no sign for so long is ended; less than the service's watchdog waits."""
LEAVES_WITHIN_S = 5.0
"""A process that is to leave a recording has so long, and is ended then."""


class HearerDiedError(RecordingError):
    """The process that heard a recording is gone. Nobody knows whose trouble it was: it counts as the recording's, so
    that one that does it every time is set aside."""


@dataclass(frozen=True)
class Order:
    """What a process is told to hear, and with what; it loads the encoders itself."""

    recording: Recording
    config: Config
    book: VoiceBook
    settings: MatchSection
    verifier: tuple[tuple[Tensor, ...], float, float] | None
    """A verifier's memories, threshold and band."""

    @classmethod
    def of(cls, recording: Recording, recogniser: Recogniser, config: Config) -> "Order":
        """To hear `recording` as `recogniser` would."""
        one = recogniser.verifier
        verifier = None if one is None else (tuple(m.cpu() for m in one.memories), one.threshold, one.band)
        return cls(recording, config, recogniser.book.to("cpu"), recogniser.settings, verifier)


class HearingProcesses:
    """As many as recordings are heard at a time; `hear` may be called from several threads."""

    def __init__(self) -> None:
        self._idle: list[_Process] = []
        self._all: set[_Process] = set()
        self._lock = threading.Lock()
        self._ended = False

    def __call__(self, recording: Recording, recogniser: Recogniser, config: Config, progress: Progress, /) -> Heard:
        """As `voicemark.actions.hear.hear`, in a process. Raises `HearerDiedError` too, when it is gone meanwhile."""
        process = self._take()
        try:
            return process.hear(Order.of(recording, recogniser, config), progress)
        finally:
            self._put_back(process)

    def end_idle(self) -> None:
        """End those that have nothing to do, for their memory."""
        with self._lock:
            idle, self._idle = self._idle, []
            self._all -= set(idle)
        for process in idle:
            process.end()

    def end(self) -> None:
        """End all of them now, and start none any more."""
        with self._lock:
            self._ended = True
            everyone, self._all, self._idle = list(self._all), set(), []
        for process in everyone:
            process.signal_end()
        for process in everyone:
            process.end()

    def _take(self) -> "_Process":
        with self._lock:
            if self._ended:
                raise HearerDiedError("is not heard: this program ends")
            process = self._idle.pop() if self._idle else _Process()
            self._all.add(process)
            return process

    def _put_back(self, process: "_Process") -> None:
        with self._lock:
            if process.is_usable and not self._ended:
                self._idle.append(process)
                return
            self._all.discard(process)
        process.end()


class _Process:
    """One of them, seen from here. What goes to and fro are pickles, as `(what, value)`."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            command = [sys.executable, "-P", "-m", "voicemark.actions.hearing_child", str(theirs.fileno())]
            try:
                self._process = subprocess.Popen(
                    command,
                    pass_fds=(theirs.fileno(),),
                    stdin=subprocess.DEVNULL,
                    env={**processes.environment(), "OMP_NUM_THREADS": "1"},
                    process_group=0,
                )
            except OSError as error:
                ours.close()
                raise ToolError(f"no process can be started to hear recordings: {error}") from error
        self._connection = Connection(ours.detach())
        self.is_usable = True

    @property
    def pid(self) -> int:
        return self._process.pid

    def hear(self, order: Order, progress: Progress) -> Heard:
        """See `HearingProcesses`."""
        path = order.recording.path
        self.is_usable = False  # Until it has answered.
        try:
            self._send("hear", order)
            while True:
                what, value = self._receive(STUCK_S)
                if what != "at":
                    break
                try:
                    progress(value)
                except BaseException:
                    self._leave()
                    raise
                self._send("go")
        except TimeoutError:
            self.end()
            raise HearerDiedError(f"the process that heard it did nothing for {STUCK_S:.0f} s", path=path) from None
        except (EOFError, OSError) as error:
            raise HearerDiedError(self._how_it_ended(), path=path, hint="did the memory run short?") from error
        self.is_usable = True
        if isinstance(value, BaseException):
            raise value
        assert isinstance(value, Heard)
        return value

    def signal_end(self) -> None:
        """It ends its ffmpeg and itself, soon."""
        with suppress(OSError):
            self._process.terminate()

    def end(self) -> None:
        """End it; returns once it is gone."""
        self.is_usable = False
        self.signal_end()
        try:
            self._process.wait(LEAVES_WITHIN_S)
        except subprocess.TimeoutExpired:
            processes.end(self._process)
        with suppress(OSError):
            self._connection.close()

    def _leave(self) -> None:
        with suppress(EOFError, OSError, TimeoutError):
            self._send("leave")
            while self._receive(LEAVES_WITHIN_S)[0] == "at":
                self._send("leave")
            self.is_usable = True

    def _send(self, what: str, value: object = None) -> None:
        self._connection.send_bytes(pickle.dumps((what, value)))

    def _receive(self, within_s: float) -> tuple[str, Any]:
        if not self._connection.poll(within_s):
            raise TimeoutError
        what, value = pickle.loads(self._connection.recv_bytes())
        return what, value

    def _how_it_ended(self) -> str:
        try:
            code = self._process.wait(LEAVES_WITHIN_S)
        except subprocess.TimeoutExpired:
            return "the process that heard it does not answer"
        if code < 0:
            with suppress(ValueError):
                return f"the process that heard it was ended by {signal.Signals(-code).name}"
        return f"the process that heard it ended with code {code}"
