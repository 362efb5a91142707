"""The one who does the jobs: one recording after another, in a thread, until told to stop.

Whose trouble a failure is decides what follows (`voicemark.errors.Trouble`): a recording's own is counted, retried
after pauses and set aside; what lies in the place costs no attempt, and what needs the place waits for it, with a
growing pause; of an error of this program the item at hand is set aside alone, with its traceback in the log. Nothing
ends the thread but `end`.
"""

import logging
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from queue import SimpleQueue

from voicemark.actions.erase import finish_erasures
from voicemark.actions.hear import hear
from voicemark.actions.keep import Heartbeat, heard_elsewhere, keep
from voicemark.actions.refresh import refresh
from voicemark.actions.rematch import match_archive
from voicemark.config import Config
from voicemark.enrolment.keeping import stamps
from voicemark.errors import DatabaseError, NoAudioError, RecordingError, Trouble, VoicemarkError, trouble_of
from voicemark.pipeline import content_of
from voicemark.recorders.base import Recorder
from voicemark.recording import Recording
from voicemark.result import Result
from voicemark.store.check import SOUND, check, is_due, last_check
from voicemark.store.database import Database
from voicemark.store.forget import is_anything_left
from voicemark.store.jobs import Claim, ClaimLostError, Jobs
from voicemark.store.waiting import CONFIGURATION, ERASURE, QUEUE, note_waiting
from voicemark.titles.annotate import label_programmes
from voicemarkd.exports import Exports
from voicemarkd.inhibit import inhibited
from voicemarkd.patience import Patience
from voicemarkd.recogniser import CurrentRecogniser, is_gpu_failure
from voicemarkd.throttle import LOOK_AGAIN_S, Manners

log = logging.getLogger(__name__)

IDLE_S = 5.0
"""How often the job table is asked for what a pause has kept back or another program has put there."""
SAMPLES_S = 10.0
"""How often samples are looked at that change or cannot be heard; the others at every `rescan_s`, as folders are."""
ERASURES_OWN_TIME = timedelta(minutes=2)
"""A `voicemark forget` that runs has so long to end what it began."""
QUEUE_PAUSE_S, LONGEST_QUEUE_PAUSE_S = 5.0, 20.0
"""Pauses before the whole queue is tried again; a try costs little, and a repair is to be noticed soon."""
ARCHIVE, EXPORTS, LABELS, VOICES = "matching the archive", "writing exports", "relating programmes", "the voices"
CHECK, METADATA = "the database", "reading metadata again"
STEPS = (ARCHIVE, EXPORTS, LABELS, VOICES, ERASURE, CHECK, METADATA)
"""What may fail and is tried again, beside the queue and the configuration."""


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
        self._patience = defaultdict[str, Patience](Patience)
        self._patience[QUEUE] = Patience(QUEUE_PAUSE_S, LONGEST_QUEUE_PAUSE_S)
        self._told: dict[str, str | None] = {}
        self._samples_at = float("-inf")
        self._samples = recogniser.stamps

    def wake(self) -> None:
        """There may be something to do."""
        self._wake.set()

    def change(self, config: Config) -> None:
        """Use `config` as soon as the recording in hand is done."""
        self._pending = config
        self._patience[CONFIGURATION].over()
        self._wake.set()

    def end(self) -> None:
        """Stop soon; the recording in hand is given back."""
        self._ending.set()
        self._wake.set()

    def run(self) -> None:
        """Work until `end`."""
        with suppress(StopError):
            while not self._ending.is_set():
                try:
                    self._turn()
                except StopError:
                    raise
                except Exception as error:
                    self._wait_for_place(error)
                    self._database.reconnect()  # A connection made while the disk was read-only would stay so.
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
            self._step(CONFIGURATION, self._take_over_config)
        if time.monotonic() >= self._samples_at:
            self._step(VOICES, self._look_after_voices)
        self._step(ERASURE, self._finish_erasures)
        if self._match_due:
            self._step(ARCHIVE, self._match_archive)
        self._step(EXPORTS, lambda: self.exports.try_again(self._recogniser.config.export))
        if (reason := self.manners.reason_to_pause()) is not None:
            self._rest(f"pausing: {reason}", LOOK_AGAIN_S)
            return
        if (left_s := self._patience[QUEUE].left_s) > 0:
            self._rest(f"waiting: {self._told.get(QUEUE)}", min(left_s, LOOK_AGAIN_S))
            return
        self._step(METADATA, self._read_metadata_again)
        self._recogniser.find_gpu_again()
        self.claim = self.jobs.claim(self._recogniser.model_id)
        if self.claim is not None:
            self._do(self.claim)
            self.claim = None
            return
        self._go_on_as_before(QUEUE)
        if self._labels_due:
            self._step(LABELS, self._label)
        self._step(CHECK, self._check)
        self._rest("idle", IDLE_S)

    def _read_metadata_again(self) -> None:
        """A better title that came later, another name in the recorder."""
        config = self._recogniser.config
        while not self.retold.empty():
            self._go_on()
            recording = self.retold.get()
            try:
                changed = refresh(self._database, recording, config)
            except (DatabaseError, MemoryError):
                self.retold.put(recording)
                raise
            if changed:
                log.info("%s: its metadata have changed and were read again", recording.path)
                self._labels_due = True
                self.exports.owe(recording.path)

    def _step(self, name: str, work: Callable[[], None]) -> None:
        """Do `work`, unless it failed a short while ago; whatever fails in it is tried again and stops nothing else.

        Raises `DatabaseError`, which everything waits for, and `StopError`.
        """
        if self._patience[name].left_s > 0:
            return
        self._go_on()
        try:
            work()
        except (StopError, DatabaseError):
            raise
        except Exception as error:
            self._say(f"{name} waits", error, before=self._told.get(name))
            self._patience[name].failed()
            self._tell(name, _words(error))
        else:
            self._go_on_as_before(name)

    def _go_on_as_before(self, name: str) -> None:
        self._patience[name].over()
        if self._told.get(name) is not None:
            log.info("%s: nothing is in the way any more", name)
            self._tell(name, None)

    def _wait_for_place(self, error: Exception) -> None:
        """Nothing can be done: the whole queue waits. Nothing was counted. Raises `StopError`."""
        self._say("the work waits", error, before=self._told.get(QUEUE))
        self._tell(QUEUE, _words(error))
        pause_s = LOOK_AGAIN_S
        if not isinstance(error, DatabaseError):  # Every turn asks the database, so it needs no longer pause.
            pause_s = min(self._patience[QUEUE].failed(), LOOK_AGAIN_S)
        self._rest(f"waiting: {_words(error)}", pause_s)

    def _say(self, what: str, error: Exception, *, before: str | None = None) -> None:
        """In the log, once for each reason; an error of this program with its traceback."""
        if _words(error) != before:
            own = trouble_of(error) is Trouble.OWN
            log.error("%s: %s%s", what, error, ", an error of voicemark itself" if own else "", exc_info=own)

    def _tell(self, subject: str, reason: str | None) -> None:
        """In the database, for `voicemark status`."""
        self._told[subject] = reason
        with suppress(DatabaseError), self._database.writing() as session:
            note_waiting(session, subject, reason)

    def _take_over_config(self) -> None:
        config = self._pending
        if config is None:
            return
        self.doing = "taking over the new configuration"
        try:
            self._recogniser.change(config)
        except Exception:
            if self._told.get(CONFIGURATION) is None:
                log.warning("the new configuration is not taken over yet, the old one stays in force")
            raise
        if self._pending is config:
            self._pending = None
        self._match_due = True
        self._changed(config)

    def _look_after_voices(self) -> None:
        """Enrol them again when their samples have changed and are at rest, or could not be heard before."""
        config = self._recogniser.config
        found = stamps(config.speakers)
        at_rest, self._samples = found == self._samples, found
        soon = self._recogniser.waits or not at_rest
        self._samples_at = time.monotonic() + (SAMPLES_S if soon else config.service.rescan_s)
        changed = at_rest and found != self._recogniser.stamps
        waits = self._patience["samples"]
        if changed or (self._recogniser.waits and waits.left_s == 0):
            self.doing = "hearing samples"
            self._match_due |= self._recogniser.enrol_again()
            waits.failed() if self._recogniser.waits else waits.over()

    def _finish_erasures(self) -> None:
        """End what a `voicemark forget` could not, or was kept from. Raises `VoicemarkError` for what is still left."""
        with self._database.reading() as session:
            if not is_anything_left(session, asked_before=datetime.now(UTC) - ERASURES_OWN_TIME):
                return
        self.doing = "ending an erasure"
        rest = finish_erasures(self._database, self._recogniser.config.export)
        if rest.unfinished is not None:
            raise VoicemarkError(rest.unfinished)
        log.info("what was left to be erased of a voice has been erased")

    def _check(self) -> None:
        """The database, once a day. Raises `VoicemarkError` when it is damaged: what can be done goes on."""
        with self._database.reading() as session:
            last, due = last_check(session), is_due(session, datetime.now(UTC))
        if last is None or due:
            self.doing = "checking the database"
            last = check(self._database)
        if last.result != SOUND:
            raise VoicemarkError(
                f"is damaged: {last.result}", path=self._database.path, hint="restore a backup, or move it away"
            )

    def _label(self) -> None:
        self.doing = "relating programmes by their texts"
        label_programmes(self._database, self._recogniser.config.titles.model)
        self._labels_due = False

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
                _log_result(claim, result, time.monotonic() - began)
                self._go_on_as_before(QUEUE)
                self.exports.owe(claim.path)
                self._step(EXPORTS, lambda: self.exports.try_again(self._recogniser.config.export))
        except StopError:
            self._release(claim)
        except ClaimLostError as error:
            log.info("%s", error)
            self._hint(claim.path)
        except DatabaseError:
            raise
        except Exception as error:
            self._not_done(claim, error)

    def _not_done(self, claim: Claim, error: Exception) -> None:
        """What follows when a recording could not be heard."""
        trouble = trouble_of(error)
        if self._ending.is_set():
            self._release(claim)
        elif is_gpu_failure(error):
            self._release(claim)
            self._recogniser.leave_gpu()
        elif trouble is Trouble.PLACE and isinstance(error, VoicemarkError) and error.stops_all:
            self._release(claim)
            self.claim = None
            self._wait_for_place(error)
        elif trouble is Trouble.PLACE:
            self._hint(claim.path)
            with suppress(ClaimLostError):
                self.jobs.release(claim, waits_for=_words(error))
            log.info("out of reach, tried again later: %s", error, extra={"fields": {"recording": claim.path}})
        elif trouble is Trouble.OWN:
            log.error("%s: an error of voicemark itself", claim.path, exc_info=error)
            self._failed(claim, error, final=True)
        else:
            self._hint(claim.path)  # It may have changed.
            self._failed(claim, error, final=isinstance(error, NoAudioError))

    def _hear(self, claim: Claim) -> Result:
        recording = self._recorder_of(claim.path).read(claim.path)
        if content_of(recording) != claim.content:
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

        config = self._recogniser.config
        heard = heard_elsewhere(recording, claim, config, self._database)
        if heard is None:
            heard = hear(recording, self._recogniser.now, config, advanced)
        keep(heard, claim, self._database, self.jobs, unwritable=unwritable)
        return heard.result

    def _failed(self, claim: Claim, error: BaseException, *, final: bool = False) -> None:
        text = _words(error)
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

    def _release(self, claim: Claim) -> None:
        with suppress(ClaimLostError):
            self.jobs.release(claim)

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


def _words(error: BaseException) -> str:
    """Of an error that nobody has put into words its name as well."""
    return str(error) if isinstance(error, VoicemarkError) else f"{type(error).__name__}: {error}"


def _name(path: Path) -> str:
    """For the status line: the title's folder for a `.rec` directory, the file's name otherwise."""
    name = f"{path.parent.name}/{path.name}" if path.suffix == ".rec" else path.name
    return name.encode("utf-8", "replace").decode()


def _log_result(claim: Claim, result: Result, took_s: float) -> None:
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
