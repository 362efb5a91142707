"""Recordings that a person names, through the whole pipeline, one after another: what `voicemark scan` does.

The service does the same with what it finds by itself (`voicemarkd.worker`); the job table keeps the two from doing
one recording twice.
"""

import logging
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from voicemark.actions.hear import hear
from voicemark.actions.keep import Heartbeat, heard_elsewhere, keep
from voicemark.actions.recogniser import make_recogniser
from voicemark.actions.refresh import refresh
from voicemark.actions.rematch import match_archive
from voicemark.config import Config
from voicemark.enrolment.enrolment import VoiceReport
from voicemark.errors import DatabaseError, RecordingError, Trouble, VoicemarkError, trouble_of
from voicemark.export.after import export_heard
from voicemark.pipeline import content_of
from voicemark.recorders import find_recordings
from voicemark.recorders.base import Recorder
from voicemark.recorders.rest import grows
from voicemark.recording import Recording, RecordingState
from voicemark.store.database import Database, open_database
from voicemark.store.findings import Finding, signature
from voicemark.store.findings import Outcome as Found
from voicemark.store.inventory import Inventory
from voicemark.store.jobs import Claim, ClaimLostError, Jobs
from voicemark.store.queries import MarkerFilter, MarkerView, find_markers
from voicemark.titles.annotate import label_programmes

log = logging.getLogger(__name__)


class Status(StrEnum):
    """What became of a recording."""

    SCANNED = "scanned"
    KNOWN = "already scanned"
    SKIPPED = "skipped"
    FAILED = "failed"


@dataclass(frozen=True)
class Outcome:
    """One recording's fate."""

    path: Path
    status: Status
    reason: str | None = None
    """Why it was skipped or failed."""
    notes: tuple[str, ...] = ()


class Listener:
    """Is told how a scan goes on; does nothing by itself."""

    def enrolled(self, reports: Sequence[VoiceReport]) -> None:
        """The voices are known."""

    def started(self, path: Path, expected_s: float | None) -> None:
        """A recording is being heard; `expected_s` is its length as far as metadata tell."""

    def heard(self, seconds: float) -> None:
        """So much of the present recording has been heard."""

    def finished(self, outcome: Outcome) -> None:
        """The present recording is done, one way or another."""


class Scan:
    """Scans with one recogniser into one database, telling `listener`."""

    def __init__(self, config: Config, database: Database, listener: Listener | None = None) -> None:
        """Raises `DatabaseError`, `ModelError`, `EnrolmentError` when what it works with cannot be made."""
        self.config, self.database = config, database
        self._listener = listener or Listener()
        made = make_recogniser(config, database)
        self.recogniser = made.recogniser
        self.waits = [report.waits for report in made.reports if report.waits is not None]
        """Voices whose samples cannot be heard, in words."""
        service = config.service
        self._inventory = Inventory(database)
        self._jobs = Jobs(database, retries=service.retries, retry_pause_s=service.retry_pause_s)
        self.unheard = tuple(report.name for report in made.reports if report.error is not None)
        """Voices that cannot be looked for."""
        self._listener.enrolled(made.reports)

    def paths(self, paths: Sequence[Path]) -> Iterator[Outcome]:
        """Scan every recording at or below `paths`; yields what became of each as it is done.

        What was scanned with the same model before is only matched again, without decoding, when voices or settings
        have changed since.
        """
        some_done = False
        for path in paths:
            for outcome in self._path(path):
                some_done |= outcome.status in (Status.KNOWN, Status.SCANNED)
                self._listener.finished(outcome)
                yield outcome
        if some_done and match_archive(self.database, self.recogniser, self.config).recordings:
            export_heard(self.database, None, self.config.export)
        label_programmes(self.database, self.config.titles.model)

    def _path(self, path: Path) -> Iterator[Outcome]:
        try:
            for recorder, recording_path in find_recordings(path, self.config.watch, self.config.audio.languages):
                yield self._recording(recorder, recording_path)
        except RecordingError as error:
            yield Outcome(path, Status.FAILED, str(error))

    def _recording(self, recorder: Recorder, path: Path) -> Outcome:
        try:
            found = self._claimed(recorder, path)
        except DatabaseError:
            raise
        except Exception as error:
            return _failed(path, error)
        if isinstance(found, Outcome):
            return found
        claim, recording = found
        self._listener.started(path, recording.expected_duration_s)
        return self._work(claim, recording)

    def _claimed(self, recorder: Recorder, path: Path) -> tuple[Claim, Recording] | Outcome:
        """The right to do this recording now, or why there is nothing to do."""
        state = recorder.state(path, datetime.now(UTC))
        if state is RecordingState.RECORDING:
            return Outcome(path, Status.SKIPPED, "still being recorded")
        if state is RecordingState.DELETED:
            return Outcome(path, Status.SKIPPED, "deleted in the recorder")
        recording = recorder.read(path)
        if state is RecordingState.UNKNOWN and grows(recording.files):
            return Outcome(path, Status.SKIPPED, "still being written")
        refreshed = refresh(self.database, recording, self.config)
        model_id = self.recogniser.encoder.model_id
        seen = signature(recording.files)
        [found] = self._inventory.found([Finding(recording, content_of(recording), seen)], model_id)
        claim = self._claim(path, model_id)
        if not isinstance(claim, Outcome):
            return claim, recording
        if refresh(self.database, recording, self.config) or refreshed:
            claim = replace(claim, reason="its metadata have changed and were read again")
        elif found is not Found.MOVED:
            return claim
        failures = export_heard(self.database, [path], self.config.export)
        return replace(claim, notes=tuple(map(str, failures)))

    def _claim(self, path: Path, model_id: str) -> Claim | Outcome:
        """The right to do this recording now, or why not. Set aside or not, a person asks for it to be tried."""
        if (claim := self._jobs.claim(model_id, path)) is not None:
            return claim
        self._jobs.retry(path)
        if (claim := self._jobs.claim(model_id, path)) is not None:
            return claim
        known = self._inventory.known(path, model_id).get(path)
        if known is not None and known.running:
            return Outcome(path, Status.SKIPPED, "another voicemark is at it")
        return Outcome(path, Status.KNOWN)

    def _give_back(self, claim: Claim) -> None:
        """A tool is missing, the disk is full, the database is locked, Ctrl-C: no fault of the recording."""
        with suppress(VoicemarkError):
            self._jobs.release(claim)

    def _not_done(self, claim: Claim, error: Exception) -> None:
        """As the service does: what lies in the place is not counted, an error of this program sets it aside."""
        trouble = trouble_of(error)
        with suppress(ClaimLostError):
            if trouble is Trouble.PLACE:
                self._jobs.release(claim, waits_for=str(error))
            else:
                self._jobs.fail(claim, str(error), final=trouble is Trouble.OWN)

    def _work(self, claim: Claim, recording: Recording) -> Outcome:
        beat = Heartbeat(self._jobs, claim)

        def advanced(seconds: float) -> None:
            beat()
            self._listener.heard(seconds)

        try:
            heard = heard_elsewhere(recording, claim, self.config, self.database)
            if heard is None:
                heard = hear(recording, self.recogniser, self.config, advanced)
            keep(heard, claim, self.database, self._jobs, unwritable=_give_up)
        except ClaimLostError as error:
            return Outcome(claim.path, Status.SKIPPED, error.what)
        except Exception as error:
            if isinstance(error, VoicemarkError) and error.stops_all:
                self._give_back(claim)
                raise
            self._not_done(claim, error)
            return _failed(claim.path, error)
        except BaseException:  # Ctrl-C
            self._give_back(claim)
            raise
        failures = export_heard(self.database, [claim.path], self.config.export)
        return Outcome(claim.path, Status.SCANNED, notes=(*heard.result.notes, *map(str, failures)))


def _failed(path: Path, error: Exception) -> Outcome:
    """This one failed, and the rest goes on; an error of this program is told with its traceback."""
    if trouble_of(error) is Trouble.OWN:
        log.error("%s: an error of voicemark itself", path, exc_info=error)
    reason = str(error) if isinstance(error, VoicemarkError) else f"{path}: {type(error).__name__}: {error}"
    return Outcome(path, Status.FAILED, reason)


def _give_up(error: DatabaseError) -> None:
    """Who asks for a scan is there to see that the database cannot be written."""
    raise error


def scan(path: Path | str, config: Config) -> list[MarkerView]:
    """Scan the recordings at or below `path` and return their markers: the Python interface.

    Raises `RecordingError` when one of them failed (the others are done and stored), `ConfigError`,
    `DatabaseError`, `ModelError`.
    """
    database = open_database(config.database.path)
    try:
        outcomes = list(Scan(config, database).paths([Path(path)]))
        failed = [outcome for outcome in outcomes if outcome.status is Status.FAILED]
        if failed:
            raise RecordingError("; ".join(outcome.reason or str(outcome.path) for outcome in failed))
        with database.reading() as session:
            return list(find_markers(session, MarkerFilter(paths=[outcome.path for outcome in outcomes])))
    finally:
        database.close()
