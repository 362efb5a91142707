"""One watched folder: looking is the truth, events and requests only say where to look first.

A look walks the folder, passes over what has not changed, asks `Settling` about the rest, and writes down in the job
table what is ready, what moved and what is gone. What lies on a disk that is away is not gone: see
`voicemarkd.places`.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from voicemark.config import WatchSection
from voicemark.errors import DatabaseError, Trouble, trouble_of, unreadable
from voicemark.patience import NoAnswerError, is_there, status
from voicemark.recorders.base import Recorder
from voicemark.recorders.ignore import Ignore
from voicemark.recorders.tree import is_folder
from voicemark.recording import Recording, RecordingState, fingerprint
from voicemark.store.findings import CHUNK, NOT_SETTLED, Finding, Outcome, signature
from voicemark.store.inventory import Inventory, Known
from voicemark.store.paths import text_to_path
from voicemarkd.events import ADVICE, Events
from voicemarkd.folder_summary import Census
from voicemarkd.mounts import has_events
from voicemarkd.places import Places
from voicemarkd.settle import Settling, Signature

log = logging.getLogger(__name__)

BURST_S = 2.0
"""Hints are gathered for so long: whoever copies a tree makes many."""

STATE_LOOK_S = 10.0
"""How often the recorder is asked whether it has finished a recording that is being written."""


TOLD = "metadata:"
"""Before the names of files in a stamp that are not the recording's own. Those are absolute."""


@dataclass
class Seen:
    """What a recording looked like when it was last looked at."""

    stamp: Signature
    settled: bool
    content: str = NOT_SETTLED
    """As it was found at rest, now or before."""
    mount: str | None = None
    """Where the file system is mounted that it lies on."""


@dataclass(frozen=True)
class Clocks:
    """Where time comes from."""

    monotonic: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time


class WatchedFolder:
    """A `[[watch]]` table at work. `hint` may be called from any thread, everything else from one."""

    def __init__(
        self,
        section: WatchSection,
        recorder: Recorder,
        inventory: Inventory,
        model_id: str,
        *,
        rescan_s: float,
        clocks: Clocks | None = None,
        alive: Callable[[], bool] = lambda: True,
        found: Callable[[], None] = lambda: None,
        moved: Callable[[Path], None] = lambda _: None,
        told: Callable[[Recording], None] = lambda _: None,
    ) -> None:
        """`alive` is asked during long looks (False ends them); `found` is called when there is new work, `moved` with
        each recording that was known elsewhere, or was gone; `told` with what is known already and may be told of
        otherwise than before."""
        self.root = section.path
        self._section, self._recorder = section, recorder
        self._ignore = Ignore.below(section.path, section.ignore)
        self._inventory, self._model_id = inventory, model_id
        self._clocks = clocks or Clocks()
        self._rescan_s = rescan_s
        self._alive, self._found, self._moved, self._told = alive, found, moved, told
        self._settling = Settling(section.settle_s, monotonic=self._clocks.monotonic, wall=self._clocks.wall)
        self._seen: dict[Path, Seen] = {}
        self._known: dict[Path, Known] = {}
        self._complained: set[tuple[Path, str]] = set()
        self._hints: set[Path] = set()
        self._hinted_at: float | None = None
        self._lock = threading.Lock()
        wants_events = section.mode == "events" or (section.mode == "auto" and has_events(self.root))
        self._events = Events(self.root, self.hint) if wants_events else None
        self._polls = True
        self._update_stamp: int | None = None
        self._places = Places(self.root)
        self._moved_places: dict[Path, str] = {}
        self._next_thorough = self._next_poll = self._next_state = float("-inf")

    @property
    def recording(self) -> tuple[Path, ...]:
        """What the recorder is writing now."""
        return self._settling.recording

    @property
    def waiting(self) -> tuple[Path, ...]:
        """What is not settled yet."""
        return self._settling.open

    @property
    def lacks(self) -> str | None:
        """Why file events do not tell all that happens, in words."""
        if self._events is None or self._events.lacks is None:
            return None
        return f"{self._events.lacks}; looked at every {self._section.poll_s:g} s instead ({ADVICE})"

    def hint(self, path: Path) -> None:
        """Something happened at `path`."""
        with self._lock:
            if len(self._hints) < 10_000:
                self._hints.add(path)
            else:
                self._next_poll = float("-inf")
            if self._hinted_at is None:
                self._hinted_at = self._clocks.monotonic()

    def stop(self) -> None:
        """End watching."""
        if self._events:
            self._events.stop()

    def tick(self) -> float:
        """Do what is due; seconds until something will be. Raises `DatabaseError`."""
        now = self._clocks.monotonic()
        if now >= self._next_thorough:
            # Watching begins before looking, so that nothing falls between the two.
            self._polls = not (self._events and self._events.start())
            census = self.look(thorough=True)
            if self._next_thorough == float("-inf"):
                log.info("%s: %s", self.root, census, extra={"fields": {"folder": self.root, **census.numbers()}})
            self._next_thorough = now + self._rescan_s
            self._next_poll = now + self._section.poll_s
        elif self._polls and now >= self._next_poll:
            if self._update_told():
                self.look(thorough=False)
            self._next_poll = now + self._section.poll_s
        hints = self._take_hints(now)
        try:
            if hints:
                self._follow(hints)
        except DatabaseError:
            for path in hints:
                self.hint(path)
            raise
        settle_s = self._settling.next_look_s()
        if self._settling.open and (now >= self._next_state or settle_s == 0.0):
            self.look_at(self._settling.open)
            self._next_state = now + STATE_LOOK_S
            settle_s = self._settling.next_look_s()
        return self._sleep_s(settle_s)

    def look(self, *, thorough: bool) -> Census:
        """Walk the folder. A thorough look also asks after the files of what was settled before."""
        census = Census()
        self._places.look_anew()
        if thorough:
            self._known = self._inventory.known(self.root, self._model_id)
        remembered = self._remembered()
        expected = {path for path, known in self._known.items() if not known.deleted} | set(self._seen)
        present: set[Path] = set()
        findings: list[Finding] = []
        for path in self._recorder.find(self.root):
            if not self._alive():
                return census
            present.add(path)
            finding = self._inspect(path, census, thorough=thorough)
            if finding is not None:
                findings.append(finding)
            if len(findings) >= CHUNK:
                self._write_down(findings, census)
        self._write_down(findings, census)
        census.present = len(present)
        census.gone = self._mark_gone(self._places.gone(expected - present, present, remembered, whole=True))
        self._note_places()
        return census

    def look_at(self, paths: Iterable[Path]) -> Census:
        """Look at single recordings (paths as the recorder's `find` gives them)."""
        census = Census()
        findings, absent = [], []
        for path in sorted(set(paths)):
            try:
                present = is_there(path)
            except NoAnswerError as error:
                self._complain(path, unreadable(error, path))
                census.unreadable += 1
                continue
            if present:
                finding = self._inspect(path, census, thorough=True)
                if finding is not None:
                    findings.append(finding)
            else:
                absent.append(path)
        self._write_down(findings, census)
        if absent:
            self._places.look_anew()
            census.gone = self._mark_gone(self._places.gone(absent, (), self._remembered(), whole=False))
        self._note_places()
        return census

    def _inspect(self, path: Path, census: Census, *, thorough: bool) -> Finding | None:
        """One recording: what has to be written down of it, if anything."""
        seen = self._seen.get(path)
        if seen is not None and seen.settled and (not thorough or self._stamp(path, seen.stamp) == seen.stamp):
            census.unchanged += 1
            return None
        try:
            state = self._recorder.state(path, datetime.fromtimestamp(self._clocks.wall(), UTC))
            if state is RecordingState.DELETED:
                return None
            recording = self._recorder.read(path)
        except Exception as error:
            self._complain(path, error)
            census.unreadable += 1
            return None
        census.recorders[recording.recorder] += 1
        files = signature(recording.files)
        stamp = self._stamp(path, files)
        known = self._known.get(path)
        mount = self._place_of(path, known)
        before = seen.content if seen is not None else known.content if known is not None else NOT_SETTLED
        unchanged = known is not None and known.settled and not known.deleted and known.sizes == files
        if seen is not None and seen.settled:
            unchanged = files == tuple(part for part in seen.stamp if part[0] and not part[0].startswith(TOLD))
        if (seen is None or seen.settled) and unchanged and state is not RecordingState.RECORDING:
            self._seen[path] = Seen(stamp, True, before, mount)
            self._told(recording)
            census.unchanged += 1
            return None
        if not self._settling.at_rest(path, state, files):
            census.unsettled += 1
            if seen is not None and not seen.settled:
                return None
            self._seen[path] = Seen(stamp, False, before, mount)
            return Finding(recording, None, files, before, mount)
        try:
            content = fingerprint(recording.files)
        except OSError as error:
            self._complain(path, unreadable(error, path))
            self._seen.pop(path, None)
            census.unreadable += 1
            return None
        if (changed := signature(recording.files)) != files:
            self._settling.begin(path, state, changed)
            census.unsettled += 1
            self._seen[path] = Seen(stamp, False, before, mount)
            return None
        self._seen[path] = Seen(stamp, True, content, mount)
        return Finding(recording, content, files, before, mount)

    def _place_of(self, path: Path, known: Known | None) -> str | None:
        """Where it lies now; noted down when it lay elsewhere before."""
        mount = self._places.of(path)
        if mount is not None and known is not None and known.mount != mount:
            self._moved_places[path] = mount
        return mount

    def _remembered(self) -> dict[Path, str]:
        """Where each recording was last seen."""
        places = {path: known.mount for path, known in self._known.items()}
        places |= {path: seen.mount for path, seen in self._seen.items()}
        return {path: mount for path, mount in places.items() if mount is not None}

    def _note_places(self) -> None:
        if self._moved_places:
            self._inventory.lies_on(self._moved_places)
            for path, mount in self._moved_places.items():
                if (known := self._known.get(path)) is not None:
                    self._known[path] = replace(known, mount=mount)
            self._moved_places.clear()

    def _stamp(self, path: Path, files: Signature) -> Signature:
        """Changes when one of `files` does, what tells of them does, or a file was added to or removed from the
        recording's directory."""
        own: Signature = ()
        with suppress(OSError):
            stat = status(path)
            own = (("", 0, stat.st_mtime_ns),)
        media = signature(text_to_path(name) for name, _, _ in files if name and not name.startswith(TOLD))
        about = [(TOLD + name, size, mtime_ns) for name, size, mtime_ns in signature(self._recorder.metadata(path))]
        return (*own, *media, *about)

    def _write_down(self, findings: list[Finding], census: Census) -> None:
        if not findings:
            return
        try:
            outcomes = self._inventory.found(findings, self._model_id)
        except BaseException:
            # Not written down is not seen: they are looked at again at once.
            for finding in findings:
                self._seen.pop(finding.recording.path, None)
                self.hint(finding.recording.path)
            raise
        for finding, outcome in zip(findings, outcomes, strict=True):
            if finding.content is not None:
                census.outcomes[outcome] += 1
                if outcome is not Outcome.KNOWN:
                    log.debug("%s: %s", finding.recording.path, outcome)
                if outcome in (Outcome.MOVED, Outcome.RESTORED):
                    self._moved(finding.recording.path)
                    self._told(finding.recording)
        if any(finding.content is not None for finding in findings):
            self._found()
        findings.clear()

    def _mark_gone(self, absent: set[Path]) -> int:
        gone = [path for path in sorted(absent) if self._has_gone(path)]
        count = self._inventory.gone(gone, still=self._has_gone)
        for path in gone:
            self._seen.pop(path, None)
            self._known.pop(path, None)
            self._settling.forget(path)
        return count

    def _has_gone(self, path: Path) -> bool:
        try:
            status(path, follow=False)
        except (FileNotFoundError, NotADirectoryError):
            return True
        except OSError:
            return False  # The disk or the network does not answer: that says nothing.
        try:
            now = datetime.fromtimestamp(self._clocks.wall(), UTC)
            return self._recorder.state(path, now) is RecordingState.DELETED
        except Exception:
            return False

    def _take_hints(self, now: float) -> set[Path]:
        with self._lock:
            if self._hinted_at is None or now - self._hinted_at < BURST_S:
                return set()
            hints, self._hints, self._hinted_at = self._hints, set(), None
            return hints

    def _follow(self, hints: set[Path]) -> None:
        paths: set[Path] = set()
        for hint in hints:
            path = self._recorder.recognise(hint)
            if path is None and hint in self._seen:
                path = hint
            if path is not None and not _hidden(path, self.root) and not self._ignore.holds(path):
                paths.add(path)
            elif is_folder(hint) or any(hint in seen.parents for seen in self._seen):
                # A whole folder came, went or moved.
                self.look(thorough=False)
                return
        if paths:
            self.look_at(paths)

    def _update_told(self) -> bool:
        """For a VDR's video folder, its `.update` file tells without a walk whether anything has changed."""
        try:
            stamp = status(self.root / ".update").st_mtime_ns
        except OSError:
            return True
        changed, self._update_stamp = stamp != self._update_stamp, stamp
        return changed

    def _sleep_s(self, settle_s: float | None) -> float:
        now = self._clocks.monotonic()
        waits = [self._next_thorough - now]
        if self._polls:
            waits.append(self._next_poll - now)
        if self._settling.open:
            waits.append(self._next_state - now)
        if settle_s is not None:
            waits.append(settle_s)
        with self._lock:
            if self._hinted_at is not None:
                waits.append(self._hinted_at + BURST_S - now)
        return max(0.0, min(waits))

    def _complain(self, path: Path, error: Exception) -> None:
        """Once for each recording and reason."""
        reason = str(error)
        if (path, reason) not in self._complained and len(self._complained) < 1000:
            self._complained.add((path, reason))
            if trouble_of(error) is Trouble.OWN:
                log.error("%s is passed over: an error of voicemark itself", path, exc_info=error)
            else:
                log.info("%s", reason if str(path) in reason else f"{path}: {reason}")


def _hidden(path: Path, root: Path) -> bool:
    """Inside a folder that looking passes over (`lost+found` of a trash can, snapshots)?"""
    try:
        parts = path.relative_to(root).parts
    except ValueError:
        return True
    return any(part.startswith(".") for part in parts)
