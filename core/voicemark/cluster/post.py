"""A worker's post: it keeps an ear (the process that hears), bounds its time, and knows when to stop trying.

It runs in a thread of Dask's worker and computes nothing itself. What dies or hangs is the ear, which is ended and
started anew; the worker goes on answering. A worker for which three different recordings in a row failed in a way that
is not theirs (a mount that is away, a broken library) asks to be left alone for a while.
"""

import logging
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any, BinaryIO, cast

from voicemark.audio import processes
from voicemark.cluster import frames
from voicemark.cluster.frames import GivenUpError, Mailbox, PipeClosedError
from voicemark.cluster.wire import (
    Failure,
    Header,
    Machine,
    Settings,
    pack_header,
    pack_settings,
    unpack_header,
    unpack_order,
)

log = logging.getLogger(__name__)

START_S = 300.0
"""For loading the model, from a slow disk as well."""
SILENT_S = 600.0
"""An ear that tells nothing of its progress for so long hangs; a decoder that stalls is ended far sooner."""
FAILED_IN_A_ROW = 3
"""Different recordings, before a worker pauses."""
PAUSE_S = 600.0
ENDS = "the worker ends, or nobody waits for it any more"
EAR = (sys.executable, "-P", "-m", "voicemark.cluster.ear")

Unwanted = Callable[[], bool]


class Ear:
    """A running process that hears."""

    def __init__(self, settings: Settings, unwanted: Unwanted) -> None:
        """Starts it. Raises `GivenUpError`, `PipeClosedError`, `OSError`."""
        self.process = subprocess.Popen(
            EAR, stdin=subprocess.PIPE, stdout=subprocess.PIPE, process_group=0, env=processes.environment()
        )
        self._orders, self._mail = cast(BinaryIO, self.process.stdin), Mailbox(cast(BinaryIO, self.process.stdout))
        try:
            frames.send(self._orders, frames.SETTINGS, pack_settings(settings))
            _, ready = self._mail.receive(time.monotonic() + START_S, unwanted)
            self.header, _ = unpack_header(ready)
        except BaseException:
            self.end()
            raise

    def ask(self, order: bytes, limit_s: float, unwanted: Unwanted) -> bytes:
        """The answer. Raises `GivenUpError`, `PipeClosedError`."""
        ends = time.monotonic() + limit_s
        frames.send(self._orders, frames.ORDER, order)
        while True:
            letter, data = self._mail.receive(min(ends, time.monotonic() + SILENT_S), unwanted)
            if letter == frames.ANSWER:
                return data

    def end(self) -> int:
        """End it now, whatever it does; its exit code."""
        processes.end(self.process)
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()
        return self.process.returncode


class Post:
    """One worker's ear and its standing. Used by one thread at a time."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._ear: Ear | None = None
        self._machine = Machine(socket.gethostname())
        self._closed = False
        self._failed: set[str] = set()
        """Contents of recordings that failed here in a row, through no fault of theirs."""
        self._paused_until, self._why = float("-inf"), ""

    @property
    def ear(self) -> Ear | None:
        """The process that hears, where one runs."""
        return self._ear

    def introduce(self, unwanted: Unwanted) -> bytes:
        """Who hears here, with what; or why nobody can."""
        try:
            return pack_header(self._ready(unwanted).header)
        except (GivenUpError, PipeClosedError, OSError) as error:
            return self._failure("place", f"the hearing process does not start ({type(error).__name__}: {error})")

    def hear(self, data: bytes, unwanted: Unwanted) -> bytes:
        """The answer to an order."""
        if (left_s := self._paused_until - time.monotonic()) > 0:
            return self._failure("place", f"this worker pauses: {self._why}", pause_s=left_s)
        order = unpack_order(data)
        try:
            ear = self._ready(unwanted)
            answer = ear.ask(data, order.limit_s, unwanted)
        except GivenUpError:
            answer = self._given_up(unwanted)
        except PipeClosedError:
            how = self._ended()
            answer = self._failure("item", f"the process that heard it {how}", died=True)
            if self._closed:
                answer = self._failure("unfit", ENDS)
        except OSError as error:
            answer = self._failure("place", f"the hearing process does not start: {error}")
        return self._judged(answer, order.content)

    def close(self) -> None:
        """End the ear, for good. From any thread: who waits for its answer is told."""
        self._closed = True
        if (ear := self._ear) is not None:
            processes.end(ear.process)

    def _ready(self, unwanted: Unwanted) -> Ear:
        if self._closed:
            raise GivenUpError
        if self._ear is None or self._ear.process.poll() is not None:
            self._end_ear()
            self._ear = Ear(self._settings, unwanted)
            self._machine = self._ear.header.machine
        return self._ear

    def _end_ear(self) -> None:
        if self._ear is not None:
            self._ear.end()
            self._ear = None

    def _given_up(self, unwanted: Unwanted) -> bytes:
        self._end_ear()
        if self._closed or unwanted():
            return self._failure("unfit", ENDS)
        return self._failure("item", "hearing it did not end in time, and was ended", died=True)

    def _ended(self) -> str:
        """How the ear ended, of which nothing comes any more."""
        if self._ear is None:
            return "ended before it began"
        with suppress(subprocess.TimeoutExpired):
            self._ear.process.wait(1.0)
        code = self._ear.end()
        self._ear = None
        return f"was ended by signal {-code}" if code < 0 else f"ended by itself (code {code})"

    def _judged(self, answer: bytes, content: str) -> bytes:
        """The same answer, with the wish for a pause where too much went wrong."""
        header, _ = unpack_header(answer)
        failure = header.failure
        if failure is None:
            self._failed.clear()
            return answer
        if failure.trouble in ("place", "own") or failure.died:
            self._failed.add(content)
        if len(self._failed) < FAILED_IN_A_ROW:
            return answer
        self._failed.clear()
        self._paused_until, self._why = time.monotonic() + PAUSE_S, failure.what
        log.warning("%d recordings in a row could not be heard here; a pause: %s", FAILED_IN_A_ROW, failure.what)
        return pack_header(replace(header, failure=replace(failure, pause_s=PAUSE_S)))

    def _failure(self, trouble: Any, what: str, *, died: bool = False, pause_s: float = 0.0) -> bytes:
        return pack_header(Header(self._machine, failure=Failure(trouble, what, died=died, pause_s=pause_s)))
