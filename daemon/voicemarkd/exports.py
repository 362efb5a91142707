"""Files for players are owed until they are written: what fails is tried again after growing pauses.

What is owed lives in memory alone: at every start, everything that was ever heard is exported, and what has not changed
is not touched.
"""

import logging
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from queue import SimpleQueue

from voicemark.config import ExportSection
from voicemark.export.after import export_heard, heard
from voicemark.store.database import Database

log = logging.getLogger(__name__)

FIRST_PAUSE_S = 15.0
LONGEST_PAUSE_S = 600.0


class Exports:
    """The exports of a database that are to be written. `monotonic` gives seconds that never go back."""

    def __init__(
        self,
        database: Database,
        *,
        advanced: Callable[[], None] = lambda: None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`advanced` is called before each recording; what it raises ends the work, and the rest stays owed."""
        self._database, self._advanced, self._monotonic = database, advanced, monotonic
        self._owed: dict[Path, str] = {}
        """And why each was not written at the last try."""
        self._moved: SimpleQueue[Path] = SimpleQueue()
        self._pause_s = FIRST_PAUSE_S
        self._due_at = float("-inf")

    @property
    def owed(self) -> tuple[Path, ...]:
        """Recordings whose files are still to be written."""
        return tuple(self._owed)

    def owe(self, path: Path) -> None:
        """The recording at `path` was elsewhere before, or gone. May be called from any thread."""
        self._moved.put(path)

    def write(self, paths: Iterable[Path] | None, settings: ExportSection) -> None:
        """Export the recordings at `paths` (None: all that were heard). Raises `DatabaseError`; they are owed then."""
        if not settings.formats:
            self._owed.clear()
            return
        wanted = list(heard(self._database) if paths is None else paths)
        self._owed = dict.fromkeys(wanted, "") | self._owed
        if self._write(wanted, settings):
            self._due_at = min(self._due_at, self._monotonic())  # Whatever was in the way may be gone.

    def try_again(self, settings: ExportSection) -> None:
        """Write what has become owed, and what failed before if its pause is over. Raises `DatabaseError`."""
        if moved := [self._moved.get() for _ in range(self._moved.qsize())]:
            self.write(moved, settings)
        now = self._monotonic()
        if not self._owed or now < self._due_at:
            return
        self._due_at = now + self._pause_s
        self._pause_s = min(2 * self._pause_s, LONGEST_PAUSE_S)
        self._write(list(self._owed), settings)
        if not self._owed:
            self._pause_s = FIRST_PAUSE_S

    def _write(self, paths: list[Path], settings: ExportSection) -> bool:
        """Whether some were written."""
        written = False
        for path in paths:
            self._advanced()
            failures = export_heard(self._database, [path], settings)
            before = self._owed.pop(path, "")
            for failure in failures:
                if not failure.again:  # It has not been heard yet, or is elsewhere by now.
                    log.debug("not exported: %s", failure.reason)
                    continue
                if failure.reason != before:
                    log.warning("not exported; tried again later: %s", failure.reason)
                self._owed[path] = failure.reason
            if not failures:
                written = True
                if before:
                    log.info("%s: exported after all", path)
        return written
