"""Cutting is bounded: two at once, a few that wait, and whoever comes beyond is told to come again.

The threads that cut, and the programs that they start, come after everything else on the machine: recording and
playing do not wait for a page.
"""

import os
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress

import psutil

AT_ONCE = 2
MOST_WAITING = 16
NICE = 15
IDLE_AFTER_S = 30.0
"""A thread that has had nothing to do for so long ends."""


class TooMuchError(Exception):
    """More is asked than can be cut soon."""


class CuttingRoom:
    """Does what is asked in threads of its own; the same thing asked twice meanwhile is done once."""

    def __init__(self, at_once: int = AT_ONCE, most_waiting: int = MOST_WAITING) -> None:
        self._at_once, self._most_waiting = at_once, most_waiting
        self._waiting: deque[tuple[str, Callable[[], bytes]]] = deque()
        self._asked: dict[str, Future[bytes]] = {}
        self._threads = self._idle = 0
        self._changed = threading.Condition()

    def ask(self, key: str, cut: Callable[[], bytes]) -> Future[bytes]:
        """What `cut` will give, or raise. Raises `TooMuchError`."""
        with self._changed:
            if (there := self._asked.get(key)) is not None:
                return there
            if len(self._waiting) >= self._most_waiting:
                raise TooMuchError
            future: Future[bytes] = Future()
            future.set_running_or_notify_cancel()  # Others may wait for it too: nobody can call it off.
            self._asked[key] = future
            self._waiting.append((key, cut))
            if self._idle >= len(self._waiting):
                self._changed.notify()
            elif self._threads < self._at_once:
                self._threads += 1
                threading.Thread(target=self._work, name="cuts clips", daemon=True).start()
            return future

    def _work(self) -> None:
        _come_last()
        while (task := self._next()) is not None:
            key, cut = task
            try:
                result, error = cut(), None
            except BaseException as raised:
                result, error = b"", raised
            with self._changed:
                future = self._asked.pop(key)
            future.set_result(result) if error is None else future.set_exception(error)

    def _next(self) -> tuple[str, Callable[[], bytes]] | None:
        with self._changed:
            self._idle += 1
            there = self._changed.wait_for(lambda: self._waiting, IDLE_AFTER_S)
            self._idle -= 1
            if there:
                return self._waiting.popleft()
            self._threads -= 1
            return None


def _come_last() -> None:
    """Linux keeps priorities for each thread; what a thread starts has them too."""
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICE)
    with suppress(psutil.Error, OSError):
        psutil.Process(threading.get_native_id()).ionice(psutil.IOPRIO_CLASS_IDLE)
