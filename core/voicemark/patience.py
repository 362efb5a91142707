"""Calls that may never return: they run where they can be given up.

A mount whose server is away (NFS, SMB, FUSE) holds whoever asks it, in a sleep that no signal ends. So what asks a disk
that is not ours runs in a helper thread, and after a while is left there. The place is then known to be silent: whoever
asks it meanwhile is told at once, so that neither time nor threads are lost to it, until the call that was left comes
back.
"""

import errno
import os
import threading
from collections.abc import Callable
from functools import partial
from queue import SimpleQueue
from typing import Any, TypeVar

PATIENCE_S = 30.0
"""A disk that was asleep answers within 15 s, a busy server within this; one that does not is taken to be away."""
MOUNTS = "/proc/self/mountinfo"

T = TypeVar("T")


class NoAnswerError(OSError):
    """A place did not answer in time. Says nothing of what is in it."""

    def __init__(self, place: str) -> None:
        super().__init__(errno.ETIMEDOUT, "its disk or network does not answer", place)


class _Call:
    """A call on its way, and what became of it."""

    def __init__(self, call: Callable[[], Any]) -> None:
        self.call = call
        self.done = threading.Event()
        self.result: Any = None
        self.error: BaseException | None = None
        self.left_at: str | None = None
        """The silent place, once nobody waits any more."""

    def run(self) -> None:
        try:
            self.result = self.call()
        except BaseException as error:
            self.error = error
        self.done.set()


_idle: list[SimpleQueue[_Call]] = []
_silent: dict[str, int] = {}
"""Mount point → calls that were left there."""
_lock = threading.Lock()
_here = threading.local()


def within_patience(path: str | os.PathLike[str], call: Callable[[], T], seconds: float | None = None) -> T:
    """What `call` returns, which asks the disk that holds `path`; `seconds` is `PATIENCE_S` when not given.

    Raises what `call` raises, and `NoAnswerError` when it takes longer, or when another call is still held there. A
    call from within such a call is part of it.
    """
    if getattr(_here, "helper", False):
        return call()
    text = os.path.abspath(os.fspath(path))  # noqa: PTH100 (asks no disk)
    if _silent and (place := _place_of(text)) in _silent:
        raise NoAnswerError(place)
    with _lock:
        queue = _idle.pop() if _idle else None
    if queue is None:
        queue = SimpleQueue()
        threading.Thread(target=_serve, args=(queue,), name="asks a disk", daemon=True).start()
    asked = _Call(call)
    queue.put(asked)
    if not asked.done.wait(PATIENCE_S if seconds is None else seconds):
        place = _place_of(text)
        with _lock:
            if not asked.done.is_set():
                asked.left_at = place
                _silent[place] = _silent.get(place, 0) + 1
        if asked.left_at is not None:
            raise NoAnswerError(place)
    if asked.error is not None:
        raise asked.error
    result: T = asked.result
    return result


def status(path: str | os.PathLike[str], *, follow: bool = True) -> os.stat_result:
    """`os.stat`, or `os.lstat` where links are not to be followed. Raises `OSError`, `NoAnswerError`."""
    return within_patience(path, partial(os.stat, path, follow_symlinks=follow))


def is_there(path: str | os.PathLike[str]) -> bool:
    """`os.path.lexists`. Raises `NoAnswerError`: of a disk that is silent nothing can be said."""
    try:
        status(path, follow=False)
    except NoAnswerError:
        raise
    except (OSError, ValueError):
        return False
    return True


def real_path(path: str | os.PathLike[str]) -> str:
    """`os.path.realpath`. Raises `NoAnswerError`."""
    return within_patience(path, lambda: os.path.realpath(os.fspath(path)))


def silent_places() -> tuple[str, ...]:
    """Mount points that do not answer at this moment."""
    return tuple(sorted(_silent))


def _serve(queue: "SimpleQueue[_Call]") -> None:
    _here.helper = True
    while True:
        asked = queue.get()
        asked.run()
        with _lock:
            if asked.left_at is not None:
                _silent[asked.left_at] -= 1
                if not _silent[asked.left_at]:
                    del _silent[asked.left_at]
            _idle.append(queue)
        del asked  # what it holds must not wait for the next call


def _place_of(path: str) -> str:
    """The mount point that holds `path`, by its name; below `/` the folder itself, so that one disk that is stuck
    does not stand for everything. Asks no disk."""
    best = ""
    try:
        with open(MOUNTS, encoding="utf-8", errors="surrogateescape") as file:  # noqa: PTH123 (the kernel's own)
            for line in file:
                point = line.split(" ", 5)[4].replace("\\040", " ").replace("\\011", "\t").replace("\\134", "\\")
                if len(point) > len(best) and (path + "/").startswith(point.rstrip("/") + "/"):
                    best = point
    except (OSError, IndexError):
        pass
    return best if best not in ("", "/") else os.path.dirname(path)  # noqa: PTH120
