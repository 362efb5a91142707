"""Recordings that are being heard now, side by side: a thread for each, that reads and never writes.

One thread begins them, is woken when one has ended, and stores what was heard (`voicemark.actions.keep`): the service's
worker, or a scan. How a recording is heard, in its own thread or by a process of its own
(`voicemark.actions.hearing_process`), is a function that is handed in.
"""

import threading
import time
from collections.abc import Callable, Iterator
from queue import Empty, SimpleQueue
from typing import Protocol

from voicemark.actions.hear import Heard
from voicemark.actions.keep import Heartbeat
from voicemark.config import Config
from voicemark.pipeline import Progress
from voicemark.recording import Recording
from voicemark.store.jobs import Claim, ClaimLostError, Jobs
from voicemark.voice.recognise import Recogniser


class LeftError(Exception):
    """The recording in hand is to be left: nobody wants it heard any more, or not now."""


class Hear(Protocol):
    """A way to hear a recording, as `voicemark.actions.hear.hear` is; it may be called from several threads."""

    def __call__(
        self, recording: Recording, recogniser: Recogniser, config: Config, progress: Progress, /
    ) -> Heard: ...


class Hearing:
    """One recording in hand."""

    def __init__(self, claim: Claim, recording: Recording, recogniser: Recogniser, jobs: Jobs) -> None:
        self.claim, self.recording, self.recogniser = claim, recording, recogniser
        self.began = self.advanced_at = time.monotonic()
        """Monotonic seconds; `advanced_at` is when it last went on, or was last seen waiting for something it knows."""
        self.heard_s = 0.0
        """So much of the recording has been heard."""
        self.pauses: str | None = None
        """Why it does not go on at present, in words."""
        self.outcome: Heard | BaseException | None = None
        """None while it is being heard."""
        self.lost: ClaimLostError | None = None
        """Somebody else has it now, or nobody needs it."""
        self.thread: threading.Thread | None = None
        self._left, self._look = threading.Event(), threading.Event()
        self._beat, self._beaten_at = Heartbeat(jobs, claim), self.began

    def leave(self) -> None:
        """Break it off as soon as it goes on; from any thread."""
        self._left.set()
        self._look.set()

    def join(self, within_s: float) -> None:
        """Wait until its thread has ended, for so long."""
        if self.thread is not None:
            self.thread.join(within_s)

    def look_again(self) -> None:
        """What it pauses for may be over; from any thread."""
        self._look.set()

    def pause(self, why: str, seconds: float) -> None:
        """Called as it goes on, from its own thread: keep still for so long, or until something comes up. Raises
        `LeftError`."""
        self.pauses, self.advanced_at = why, time.monotonic()
        self._look.wait(seconds)
        self._look.clear()
        self.pauses, self.advanced_at = None, time.monotonic()
        self.check()

    def check(self) -> None:
        """Raises `LeftError` when it is to be left."""
        if self._left.is_set():
            raise LeftError

    def beat(self) -> None:
        """Tell the job table that it goes on, if it does; one whose claim is lost is left."""
        if self.advanced_at > self._beaten_at:
            self._beaten_at = self.advanced_at
            try:
                self._beat(self.heard_s)
            except ClaimLostError as error:
                self.lost = error
                self.leave()


class InHand:
    """All of them. `advanced` is told of each whenever it goes on, from its thread: it may make it `pause`, and what it
    raises breaks it off. `wake` is called when one has ended."""

    def __init__(
        self,
        hear: Hear,
        *,
        advanced: Callable[[Hearing], None] = lambda _: None,
        wake: Callable[[], None] = lambda: None,
    ) -> None:
        self.hear = hear
        """Those that are begun from now on are heard so."""
        self._advanced, self._wake = advanced, wake
        self._all: list[Hearing] = []
        self._ended: SimpleQueue[Hearing] = SimpleQueue()

    def __len__(self) -> int:
        return len(self._all)

    def __iter__(self) -> Iterator[Hearing]:
        return iter(tuple(self._all))

    def begin(self, claim: Claim, recording: Recording, recogniser: Recogniser, config: Config, jobs: Jobs) -> Hearing:
        """Hear `recording`, for which there is `claim`."""
        hearing = Hearing(claim, recording, recogniser, jobs)
        self._all.append(hearing)
        hearing.thread = threading.Thread(
            target=self._run, args=(hearing, config, self.hear), name=f"hearing-{claim.job_id}", daemon=True
        )
        hearing.thread.start()
        return hearing

    def next_ended(self, timeout_s: float = 0.0) -> Hearing | None:
        """One that has ended since, which is in hand no more; None when none does within so long."""
        try:
            hearing = self._ended.get(timeout=timeout_s) if timeout_s > 0 else self._ended.get_nowait()
        except Empty:
            return None
        self._all.remove(hearing)
        return hearing

    def beat(self) -> None:
        """Tell the job table of each that goes on."""
        for hearing in self:
            hearing.beat()

    def look_again(self) -> None:
        """What they pause for may be over; from any thread."""
        for hearing in self:
            hearing.look_again()

    def leave_all(self) -> list[Hearing]:
        """Break all off; nothing is in hand any more, whatever their threads still do."""
        left, self._all = self._all, []
        for hearing in left:
            hearing.leave()
        self._ended = SimpleQueue()
        return left

    def _run(self, hearing: Hearing, config: Config, hear: Hear) -> None:
        ended = self._ended

        def progress(seconds: float) -> None:
            hearing.heard_s, hearing.advanced_at = seconds, time.monotonic()
            hearing.check()
            self._advanced(hearing)

        try:
            outcome: Heard | BaseException = hear(hearing.recording, hearing.recogniser, config, progress)
        except BaseException as error:
            outcome = error
        hearing.outcome = outcome
        ended.put(hearing)
        self._wake()
