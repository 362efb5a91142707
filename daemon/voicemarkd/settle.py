"""When is a recording finished? A small state machine, one entry for each recording that is not settled yet.

1. While the recorder says `recording`, it is not finished, and what was quiet before does not count.
2. If the recorder says `finished`, the files need only stand still for `FINISHED_S`: signs and data do not arrive at
   the same moment, least of all over a network.
3. If the recorder says nothing, the files must stand still for `settle_s`.
4. Stillness is measured on a clock that only goes forward, from the first look that saw the files as they are now.
   A modification time is believed only if it is old beyond doubt (`ARCHIVE_S`): clocks are set, and servers differ.
5. A recording that stands still is handed on once. If its files change later, it begins anew at 1.

The clocks are the caller's; nothing here waits, reads a file or knows a thread.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from voicemark.recording import RecordingState

FINISHED_S = 2.0
ARCHIVE_S = 3600.0

Signature = tuple[tuple[str, int, int], ...]
"""Path, bytes and modification time (ns) of each file."""


@dataclass
class _Entry:
    signature: Signature
    since: float
    state: RecordingState


class Settling:
    """Recordings on their way to rest. `monotonic` gives seconds that never go back, `wall` seconds since 1970."""

    def __init__(self, settle_s: float, *, monotonic: Callable[[], float], wall: Callable[[], float]) -> None:
        self._settle_s = settle_s
        self._monotonic = monotonic
        self._wall = wall
        self._entries: dict[Path, _Entry] = {}

    def at_rest(self, path: Path, state: RecordingState, signature: Signature) -> bool:
        """A look at the recording at `path`: may it be worked on? If so, it is forgotten here."""
        now = self._monotonic()
        entry = self._entries.get(path)
        if entry is None or entry.signature != signature or state is RecordingState.RECORDING:
            entry = self.begin(path, state, signature)
        entry.state = state
        if state is RecordingState.RECORDING:
            return False
        if now - entry.since >= self._needed_s(state) or self._is_old(signature):
            del self._entries[path]
            return True
        return False

    def begin(self, path: Path, state: RecordingState, signature: Signature) -> _Entry:
        """The recording at `path` has changed just now."""
        entry = self._entries[path] = _Entry(signature, self._monotonic(), state)
        return entry

    def forget(self, path: Path) -> None:
        """The recording is gone."""
        self._entries.pop(path, None)

    @property
    def open(self) -> tuple[Path, ...]:
        """Recordings that were looked at and were not at rest."""
        return tuple(self._entries)

    @property
    def recording(self) -> tuple[Path, ...]:
        """Those of which the recorder says that it is writing them."""
        return tuple(path for path, entry in self._entries.items() if entry.state is RecordingState.RECORDING)

    def next_look_s(self) -> float | None:
        """Seconds until the first of them may be at rest; None when there is none to wait for."""
        now = self._monotonic()
        waits = [
            entry.since + self._needed_s(entry.state) - now
            for entry in self._entries.values()
            if entry.state is not RecordingState.RECORDING
        ]
        return max(0.0, min(waits)) if waits else None

    def _needed_s(self, state: RecordingState) -> float:
        return min(FINISHED_S, self._settle_s) if state is RecordingState.FINISHED else self._settle_s

    def _is_old(self, signature: Signature) -> bool:
        newest = max((mtime_ns for _, _, mtime_ns in signature), default=0) / 1e9
        return self._wall() - newest > self._settle_s + ARCHIVE_S
