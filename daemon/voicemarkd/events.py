"""File events of a folder as hints: paths at which something happened. What is lost, a rescan finds.

Only ends of writing, arrivals, moves and deletions are asked for. A recording that grows would give thousands of
other events, and reading it would give more.
"""

import errno
import logging
import os
from collections.abc import Callable
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


class Events:
    """The events of one folder, from `start` to `stop`; `hint` is called in a thread of its own."""

    def __init__(self, folder: Path, hint: Hint) -> None:
        self._folder = folder
        self._handler = _Handler(hint)
        self._observer: BaseObserver | None = None
        self._identity: tuple[int, int] | None = None

    def start(self) -> bool:
        """Begin to watch, anew if another file system was mounted there since. False when that is not possible
        (said in the log once for each reason)."""
        identity = _identity(self._folder)
        if identity is not None and identity == self._identity and self._observer and self._observer.is_alive():
            return True
        self.stop()
        if identity is None:
            return False
        observer = Observer()
        try:
            observer.schedule(self._handler, str(self._folder), recursive=True, event_filter=ASKED)
            observer.start()
        except OSError as error:
            reason = (
                "too many folders for inotify (see sysctl fs.inotify.max_user_watches)"
                if error.errno in (errno.ENOSPC, errno.EMFILE)
                else str(error.strerror)
            )
            log.warning("%s is polled, since it cannot be watched: %s", self._folder, reason)
            return False
        self._observer, self._identity = observer, identity
        return True

    def stop(self) -> None:
        """End watching."""
        if self._observer is not None and self._observer.is_alive():
            self._observer.stop()
            self._observer.join(timeout=5)
        self._observer = self._identity = None


class _Handler(FileSystemEventHandler):
    def __init__(self, hint: Hint) -> None:
        self._hint = hint

    def on_any_event(self, event: FileSystemEvent) -> None:
        for path in (event.src_path, event.dest_path):
            if path:
                self._hint(Path(os.fsdecode(path)))


def _identity(folder: Path) -> tuple[int, int] | None:
    try:
        stat = folder.stat()
    except OSError:
        return None
    return stat.st_dev, stat.st_ino
