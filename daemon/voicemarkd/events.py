"""File events of a folder as hints: paths at which something happened. What is lost, a rescan finds.

inotify needs a watch for every folder, and the kernel gives only so many. What watchdog does not get it passes over in
silence: so they are counted afterwards, and a folder in which some lack is polled as well.

Only ends of writing, arrivals, moves and deletions are asked for. A recording that grows would give thousands of
other events, and reading it would give more.
"""

import errno
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from watchdog.events import (
    DirCreatedEvent,
    DirDeletedEvent,
    DirMovedEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver

from voicemark.patience import status

log = logging.getLogger(__name__)

ASKED: list[type[FileSystemEvent]] = [
    DirCreatedEvent,
    DirDeletedEvent,
    DirMovedEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileMovedEvent,
]

Hint = Callable[[Path], None]


LIMIT = Path("/proc/sys/fs/inotify/max_user_watches")
ADVICE = "raise fs.inotify.max_user_watches: echo fs.inotify.max_user_watches=524288 > /etc/sysctl.d/50-inotify.conf"

_watched: "dict[Events, frozenset[str]]" = {}
"""The folders that each of those that run needs watches for."""


class Events:
    """The events of one folder, from `start` to `stop`; `hint` is called in a thread of its own."""

    def __init__(self, folder: Path, hint: Hint) -> None:
        self._folder = folder
        self._handler = _Handler(hint)
        self._observer: BaseObserver | None = None
        self._identity: tuple[int, int] | None = None
        self.lacks: str | None = None
        """Why some of it is not watched, in words."""

    def start(self) -> bool:
        """Begin to watch, anew if another file system was mounted there since. False when not everything is watched
        (`lacks` says why, and the log, once for each reason)."""
        identity = _identity(self._folder)
        alive = self._observer is not None and self._observer.is_alive() and identity is not None
        if not (alive and identity == self._identity) and not self._begin(identity):
            return False
        _watched[self] = frozenset(folders_in(self._folder))
        needed, there = len(frozenset().union(*_watched.values())), count_watches()
        self._say(None if there is None or there >= needed else f"{needed} folders need watches, {there} were given")
        return self.lacks is None

    def _begin(self, identity: tuple[int, int] | None) -> bool:
        self.stop()
        if identity is None:
            return False
        observer = Observer()
        try:
            observer.schedule(self._handler, str(self._folder), recursive=True, event_filter=ASKED)
            observer.start()
        except OSError as error:
            with suppress(Exception):
                observer.stop()
            many = error.errno in (errno.ENOSPC, errno.EMFILE)
            self._say("there are too many folders" if many else str(error.strerror))
            return False
        self._observer, self._identity = observer, identity
        return True

    def stop(self) -> None:
        """End watching."""
        if self._observer is not None and self._observer.is_alive():
            self._observer.stop()
            self._observer.join(timeout=5)
        self._observer = self._identity = None
        _watched.pop(self, None)

    def _say(self, reason: str | None) -> None:
        if reason != self.lacks and reason is not None:
            log.warning("%s is polled, since not all of it can be watched: %s (%s)", self._folder, reason, ADVICE)
        self.lacks = reason


def folders_in(folder: Path) -> Iterator[str]:
    """`folder` and all below it, links not followed: each needs a watch."""
    for path, _, _ in os.walk(folder):
        yield path


def count_watches() -> int | None:
    """How many inotify watches this process has (`/proc/self/fdinfo`, proc(5)); None where that is not told."""
    count = 0
    try:
        for descriptor in os.listdir("/proc/self/fdinfo"):  # noqa: PTH208
            with suppress(OSError):
                count += (Path("/proc/self/fdinfo") / descriptor).read_bytes().count(b"inotify wd:")
    except OSError:
        return None
    return count


class _Handler(FileSystemEventHandler):
    def __init__(self, hint: Hint) -> None:
        self._hint = hint

    def on_any_event(self, event: FileSystemEvent) -> None:
        for path in (event.src_path, event.dest_path):
            if path:
                self._hint(Path(os.fsdecode(path)))


def _identity(folder: Path) -> tuple[int, int] | None:
    try:
        stat = status(folder)
    except OSError:
        return None
    return stat.st_dev, stat.st_ino
