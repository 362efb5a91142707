"""The one who does the jobs: one recording after another, in a thread, until told to stop.

Whose fault a failure is decides what follows: a recording's own is counted, retried after pauses and set aside; a
missing program, a full disk, a locked database or a folder that is away cost no attempt, and the work waits for them.
"""

import logging
import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue

from voicemark.actions.hear import Heartbeat, hear
from voicemark.actions.refresh import refresh
from voicemark.actions.rematch import match_archive
from voicemark.config import Config
from voicemark.errors import (
    DatabaseError,
    NoAudioError,
    RecordingError,
    RecordingVanishedError,
    ToolError,
    VoicemarkError,
)
from voicemark.pipeline import content_of
from voicemark.recorders.base import Recorder
from voicemark.recording import Recording
from voicemark.result import Result
from voicemark.store.database import Database
from voicemark.store.jobs import Claim, ClaimLostError, Jobs
from voicemark.titles.annotate import label_programmes
from voicemarkd.exports import Exports
from voicemarkd.inhibit import inhibited
from voicemarkd.recogniser import CurrentRecogniser, is_gpu_failure
from voicemarkd.throttle import LOOK_AGAIN_S, Manners

log = logging.getLogger(__name__)

IDLE_S = 5.0
"""How often the job table is asked for what a pause has kept back or another program has put there."""
ELSEWHERE_S = 60.0
"""Pause before a recording that was not there, or a program that is missing, is tried again."""


class StopError(Exception):
    """The work in hand is to be left: the program ends, or a new configuration waits."""


class Worker(threading.Thread):
    """Does jobs with `recogniser`; `hint` is told of recordings that are no longer what they were."""

    def __init__(
        self,
        database: Database,
        jobs: Jobs,
        recogniser: CurrentRecogniser,
        manners: Manners,
        recorder_of: Callable[[Path], Recorder],
        *,
        hint: Callable[[Path], None],
        changed: Callable[[Config], None],
    ) -> None:
        """`changed` is called with a new configuration once it is in force here."""
        super().__init__(name="worker", daemon=True)
        self.manners = manners
        self.jobs = jobs
        self.fatal: BaseException | None = None
        """What ended the thread, if it was not asked to end."""
        self.doing = "starting"
        """In words, for the status line."""
        self.advanced_at = time.monotonic()
        """When the work last went on, or was last seen waiting for something it knows."""
        self.claim: Claim | None = None
        self.exports = Exports(database, advanced=self._go_on)
        self._database, self._recogniser = database, recogniser
        self._recorder_of, self._hint, self._changed = recorder_of, hint, changed
        self.retold: SimpleQueue[Recording] = SimpleQueue()
        """Recordings that were heard and of which something else may be told now. May be put to from any thread."""
        self._pending: Config | None = None
        self._ending = threading.Event()
        self._wake = threading.Event()
        self._match_due = True
        self._labels_due = True

    def wake(self) -> None:
        """There may be something to do."""
        self._wake.set()

    def change(self, config: Config) -> None:
        """Use `config` as soon as the recording in hand is done."""
        self._pending = config
        self._wake.set()

    def end(self) -> None:
        """Stop soon; the recording in hand is given back."""
        self._ending.set()
        self._wake.set()

    def run(self) -> None:
        """Work until `end`."""
        try:
            while not self._ending.is_set():
                try:
                    self._turn()
                except VoicemarkError as error:
                    log.error("%s", error)
                    self._database.close()  # A connection made while the disk was read-only would stay so.
                    self._rest(f"waiting: {error.what}", LOOK_AGAIN_S)
        except StopError:
            pass
        except BaseException as error:
            log.critical("the worker cannot go on", exc_info=True)
            self.fatal = error
        finally:
            if self.claim is not None:
                with suppress(VoicemarkError):
                    self.jobs.release(self.claim)
                    self.claim = None

    def _turn(self) -> None:
        """One step: a new configuration, the archive, a recording, or waiting."""
        self._advance()
        if self.claim is not None:  # The database failed before it could be told.
            with suppress(ClaimLostError):
                self.jobs.release(self.claim)
            self.claim = None
        if self._pending is not None:
            self._take_over_config(self._pending)
        if self._match_due:
            self._match_archive()
        self.exports.try_again(self._recogniser.config.export)
        if (reason := self.manners.reason_to_pause()) is not None:
            self._rest(f"pausing: {reason}", LOOK_AGAIN_S)
            return
        self._read_metadata_again()
        self._recogniser.find_gpu_again()
        self.claim = self.jobs.claim(self._recogniser.model_id)
        if self.claim is not None:
            self._do(self.claim)
            self.claim = None
            return
        if self._labels_due:
            self.doing = "relating programmes by their texts"
            self._labels_due = False
            label_programmes(self._database, self._recogniser.config.titles.model)
        self._rest("idle", IDLE_S)

    def _read_metadata_again(self) -> None:
        """A better title that came later, another name in the recorder."""
        config = self._recogniser.config
        while not self.retold.empty():
            self._go_on()
            recording = self.retold.get()
            try:
                changed = refresh(self._database, recording, config)
            except DatabaseError:
                self.retold.put(recording)
                raise
            if changed:
                log.info("%s: its metadata have changed and were read again", recording.path)
                self._labels_due = True
                self.exports.write([recording.path], config.export)

    def _take_over_config(self, config: Config) -> None:
        self._pending = None
        self.doing = "taking over the new configuration"
        try:
            self._recogniser.change(config)
        except VoicemarkError as error:
            log.error("the new configuration is refused, the old one stays in force: %s", error)
            return
        self._match_due = True
        self._changed(config)

    def _match_archive(self) -> None:
        """Match what is kept against the voices as they are now; only what was matched otherwise is done."""
        config = self._recogniser.config
        self.doing = "matching the archive"

        def advanced(_done: int, _total: int) -> None:
            self._go_on()

        report = match_archive(self._database, self._recogniser.now, config, advanced)
        self.exports.write(None, config.export)
        self._match_due = False
        if report.recordings:
            log.info(
                "matched %d kept recordings (%.1f hours) anew in %.1f s: %d markers",
                report.recordings,
                report.hours,
                report.seconds,
                report.markers,
            )

    def _do(self, claim: Claim) -> None:
        """One recording, from its files to its markers in the database; and what follows when that fails."""
        began = time.monotonic()
        self.doing = f"hearing {_name(claim.path)}"
        try:
            with inhibited(f"hearing {_name(claim.path)}", wanted=self._recogniser.config.service.inhibit_shutdown):
                result = self._hear(claim)
                self.claim = None
                self._labels_due = True
                self._match_due |= result.match_key != self._recogniser.now.match_key
                _tell(claim, result, time.monotonic() - began)
                self.exports.write([claim.path], self._recogniser.config.export)
        except StopError:
            self._release(claim)
        except ClaimLostError as error:
            log.info("%s", error)
            self._hint(claim.path)
        except ToolError as error:
            self._release(claim)
            log.error("%s", error)
            self._rest(f"waiting: {error.what}", ELSEWHERE_S)
        except DatabaseError:
            raise
        except RecordingVanishedError as error:
            self._hint(claim.path)
            if os.path.lexists(claim.path):
                self._failed(claim, error)
            else:
                self._release(claim, pause_s=ELSEWHERE_S)
        except VoicemarkError as error:
            if self._ending.is_set():
                self._release(claim)
            else:
                self._failed(claim, error, final=isinstance(error, NoAudioError))
        except Exception as error:
            if is_gpu_failure(error):
                self._release(claim)
                self._recogniser.leave_gpu()
            else:
                log.exception("%s: an error of voicemark itself", claim.path)
                self._failed(claim, error)

    def _hear(self, claim: Claim) -> Result:
        recording = self._recorder_of(claim.path).read(claim.path)
        if content_of(recording) != claim.content:
            self._hint(claim.path)
            raise RecordingError("has changed since it was found", path=claim.path)
        beat = Heartbeat(self.jobs, claim)

        def advanced(seconds: float) -> None:
            self.doing = f"hearing {_name(claim.path)}, at {seconds / 60:.0f} min"
            self._go_on()
            beat()
            while (reason := self.manners.reason_to_pause(working=True)) is not None:
                if self._pending is not None:
                    raise StopError
                self._rest(f"pausing within {_name(claim.path)}: {reason}", LOOK_AGAIN_S)
                beat()

        pause_s = 2.0

        def unwritable(error: DatabaseError) -> None:
            nonlocal pause_s
            log.error("the markers of %s wait to be written: %s", claim.path, error)
            self._rest(f"waiting to write: {error.what}", pause_s)
            pause_s = min(2 * pause_s, 60.0)

        return hear(
            recording,
            claim,
            self._recogniser.now,
            self._recogniser.config,
            self._database,
            self.jobs,
            progress=advanced,
            unwritable=unwritable,
        )

    def _failed(self, claim: Claim, error: BaseException, *, final: bool = False) -> None:
        text = str(error) if isinstance(error, VoicemarkError) else f"{type(error).__name__}: {error}"
        fields = {"recording": claim.path, "attempt": claim.attempt}
        try:
            aside = self.jobs.fail(claim, text, final=final)
        except ClaimLostError:
            return
        if aside:
            log.warning(
                "set aside: %s (again with: voicemark retry %r)", text, str(claim.path), extra={"fields": fields}
            )
        else:
            log.info("tried again later: %s", text, extra={"fields": fields})

    def _release(self, claim: Claim, *, pause_s: float = 0.0) -> None:
        with suppress(ClaimLostError):
            self.jobs.release(claim, pause_s=pause_s)

    def _go_on(self) -> None:
        """The work advances. Raises `StopError` when it is to end."""
        self._advance()
        if self._ending.is_set():
            raise StopError

    def _advance(self) -> None:
        self.advanced_at = time.monotonic()

    def _rest(self, why: str, seconds: float) -> None:
        """Wait, unless something comes up. Raises `StopError` when the work is to end."""
        self._advance()
        self.doing = why
        self._wake.wait(seconds)
        self._wake.clear()
        self._advance()
        if self._ending.is_set():
            raise StopError


def _name(path: Path) -> str:
    """For the status line: the title's folder for a `.rec` directory, the file's name otherwise."""
    name = f"{path.parent.name}/{path.name}" if path.suffix == ".rec" else path.name
    return name.encode("utf-8", "replace").decode()


def _tell(claim: Claim, result: Result, took_s: float) -> None:
    """A line in the log."""
    seconds = result.duration_s
    log.info(
        "%s: %d markers in %.1f min, %.0f × real time%s",
        claim.path,
        len(result.recognised.markers),
        seconds / 60,
        seconds / max(took_s, 1e-3),
        f"; {'; '.join(result.notes)[:300]}" if result.notes else "",
        extra={
            "fields": {
                "recording": claim.path,
                "title": result.recording.title,
                "markers": len(result.recognised.markers),
                "audio_s": round(seconds, 1),
                "took_s": round(took_s, 2),
            }
        },
    )
