"""Recordings that a person names, through the whole pipeline, some at a time: what `voicemark scan` does.

The service does the same with what it finds by itself (`voicemarkd.worker`); the job table keeps the two from doing
one recording twice.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from voicemark.actions.at_once import Hearers
from voicemark.actions.catch_up import catch_up
from voicemark.actions.hear import Heard
from voicemark.actions.in_hand import InHand
from voicemark.actions.keep import heard_elsewhere, keep
from voicemark.actions.not_heard import log_if_own, not_heard
from voicemark.actions.recogniser import make_recogniser
from voicemark.actions.refresh import refresh
from voicemark.audio import processes
from voicemark.config import Config
from voicemark.enrolment.enrolment import VoiceReport
from voicemark.errors import DatabaseError, Follows, RecordingError, VoicemarkError, what_follows
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

BEAT_S = 5.0
"""So often the job table is told that what is in hand goes on."""
ENDS_WITHIN_S = 10.0
"""What is broken off has so long to end."""


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
    """Is told how a scan goes on, from several threads; does nothing by itself."""

    def enrolled(self, reports: Sequence[VoiceReport]) -> None:
        """The voices are known."""

    def started(self, path: Path, expected_s: float | None) -> None:
        """A recording is being heard; `expected_s` is its length as far as metadata tell."""

    def heard(self, path: Path, seconds: float) -> None:
        """So much of a recording has been heard."""

    def finished(self, outcome: Outcome) -> None:
        """A recording is done, one way or another."""


class Scan:
    """Scans with one recogniser into one database, telling `listener`."""

    def __init__(
        self, config: Config, database: Database, listener: Listener | None = None, *, jobs: int | None = None
    ) -> None:
        """`jobs` recordings are heard at once, or as many as the configuration says. Raises `DatabaseError`,
        `ModelError`, `EnrolmentError` when what it works with cannot be made."""
        self.config, self.database = config, database
        self._listener = listener or Listener()
        made = make_recogniser(config, database)
        self.recogniser = made.recogniser
        self.waits = [report.waits for report in made.reports if report.waits is not None]
        """Voices whose samples cannot be heard, in words."""
        service = config.service
        self._inventory = Inventory(database)
        self._jobs = Jobs(database, retries=service.retries, retry_pause_s=service.retry_pause_s)
        sampled = {speaker.name for speaker in config.speakers}
        self.unheard = tuple(one.name for one in made.reports if one.error is not None and one.name in sampled)
        """Voices of the configuration that cannot be looked for."""
        self._listener.enrolled(made.reports)
        self._hearers = Hearers(config, self.recogniser.encoder.device, jobs, one_here=True)
        self._in_hand = InHand(
            self._hearers.hear, advanced=lambda one: self._listener.heard(one.claim.path, one.heard_s)
        )

    def paths(self, paths: Sequence[Path]) -> Iterator[Outcome]:
        """Scan every recording at or below `paths`; yields what became of each as it is done.

        What was scanned with the same model before is only matched again, without decoding, when voices or settings
        have changed since.
        """
        some_done = False
        try:
            for outcome in self._outcomes(paths):
                some_done |= outcome.status in (Status.KNOWN, Status.SCANNED)
                self._listener.finished(outcome)
                yield outcome
        finally:  # A tool is missing, the disk is full, the database is locked, Ctrl-C: no fault of what is in hand.
            self._leave_all()
            self._hearers.end_idle()
        if some_done:
            catch_up(self.database, self.recogniser, self.config)
        label_programmes(self.database, self.config.titles.model)

    def _outcomes(self, paths: Sequence[Path]) -> Iterator[Outcome]:
        """Of everything at or below `paths`, as each is done."""
        for path in paths:
            try:
                found = find_recordings(path, self.config.watch, self.config.audio.languages)
                for recorder, recording_path in found:
                    outcome = self._begin(recorder, recording_path)
                    if outcome is not None:
                        yield outcome
                    while len(self._in_hand) >= self._hearers.count:
                        yield self._next()
            except RecordingError as error:
                yield Outcome(path, Status.FAILED, str(error))
        while self._in_hand:
            yield self._next()

    def _begin(self, recorder: Recorder, path: Path) -> Outcome | None:
        """Have a recording heard; its outcome where that is known at once."""
        try:
            found = self._claimed(recorder, path)
        except DatabaseError:
            raise
        except Exception as error:
            log_if_own(path, error)
            return _failed(path, error)
        if isinstance(found, Outcome):
            return found
        claim, recording = found
        self._listener.started(path, recording.expected_duration_s)
        try:
            known = heard_elsewhere(recording, claim, self.config, self.database)
        except BaseException:
            self._give_back(claim)
            raise
        if known is not None:
            return self._settled(claim, known)
        self._in_hand.begin(claim, recording, self.recogniser, self.config, self._jobs)
        return None

    def _next(self) -> Outcome:
        """What becomes of the recording that is done next."""
        while (hearing := self._in_hand.next_ended(BEAT_S)) is None:
            self._in_hand.beat()
        return self._settled(hearing.claim, hearing.lost or hearing.outcome)

    def _leave_all(self) -> None:
        """Break off what is in hand, and give it back."""
        if not self._in_hand:
            return
        left = self._in_hand.leave_all()
        processes.end_all()
        self._hearers.end()
        for hearing in left:
            self._give_back(hearing.claim)
        for hearing in left:
            hearing.join(ENDS_WITHIN_S)

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

    def _settled(self, claim: Claim, heard: Heard | BaseException | None) -> Outcome:
        """Store what was heard; what follows where it could not be."""
        try:
            if not isinstance(heard, Heard):
                raise heard if isinstance(heard, Exception) else RuntimeError(f"hearing ended with {heard!r}")
            keep(heard, claim, self.database, self._jobs, unwritable=_give_up)
        except ClaimLostError as error:
            return Outcome(claim.path, Status.SKIPPED, error.what)
        except Exception as error:
            if what_follows(error) is Follows.ALL_WAITS:
                self._give_back(claim)
                raise
            with suppress(ClaimLostError):
                not_heard(claim, error, self._jobs)
            return _failed(claim.path, error)
        except BaseException:  # Ctrl-C
            self._give_back(claim)
            raise
        failures = export_heard(self.database, [claim.path], self.config.export)
        return Outcome(claim.path, Status.SCANNED, notes=(*heard.result.notes, *map(str, failures)))


def _failed(path: Path, error: Exception) -> Outcome:
    """This one failed, and the rest goes on."""
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
        with database.snapshot() as connection:
            return list(find_markers(connection, MarkerFilter(paths=[outcome.path for outcome in outcomes])))
    finally:
        database.close()
