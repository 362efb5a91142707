"""Recordings that a person names, through the whole pipeline, one after another: what `voicemark scan` does.

The service does the same with what it finds by itself (`voicemarkd.worker`); the job table keeps the two from doing
one recording twice.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

import torch

from voicemark.actions.rematch import RematchReport, rematch
from voicemark.config import Config
from voicemark.enrolment.enrolment import VoiceReport, enrol
from voicemark.errors import EnrolmentError, RecordingError, VoicemarkError
from voicemark.export.after import export_heard
from voicemark.pipeline import Tools, content_of, process
from voicemark.recorders import find_recordings
from voicemark.recorders.base import Recorder
from voicemark.recording import Recording, RecordingState
from voicemark.store.database import Database, open_database
from voicemark.store.jobs import Claim, ClaimLostError, Finding, Jobs
from voicemark.store.jobs import Outcome as Found
from voicemark.store.queries import MarkerFilter, MarkerView, find_markers
from voicemark.store.results import write_result
from voicemark.titles.annotate import label_programmes
from voicemark.voice.load import load_encoder
from voicemark.voice.match import VoiceBook
from voicemark.voice.verifier import Judge

HEARTBEAT_S = 5.0
"""A heartbeat is a transaction: not for every block."""


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


@dataclass(frozen=True)
class Workshop:
    """Everything that a scan works with, opened once."""

    config: Config
    database: Database
    tools: Tools
    reports: tuple[VoiceReport, ...]

    @property
    def jobs(self) -> Jobs:
        """The job table as this process sees it."""
        service = self.config.service
        return Jobs(self.database, retries=service.retries, retry_pause_s=service.retry_pause_s)


def open_workshop(config: Config) -> Workshop:
    """Open the database, load the encoder, enrol the voices.

    Raises `DatabaseError`, `ModelError`; a voice without a good sample is in the reports and not looked for.
    """
    if config.encoder.threads:
        torch.set_num_threads(config.encoder.threads)
    encoder = load_encoder(config.encoder.model, config.encoder.device)
    database = open_database(config.database.path)
    enrolment = enrol(config, encoder, database)
    tools = Tools(config, encoder, enrolment.book, load_judge(config, enrolment.book, database))
    return Workshop(config, database, tools, enrolment.reports)


def load_judge(config: Config, book: VoiceBook, database: Database) -> Judge | None:
    """The judge that the configuration names, knowing the voices of `book` as it hears them itself; None without.

    Raises `ModelError`, and `EnrolmentError` when it cannot make a memory of a voice that the encoder could.
    """
    section = config.match.judge
    if section is None or not len(book):
        return None
    encoder = load_encoder(section.model, config.encoder.device)
    theirs = enrol(config, encoder, database).book
    missing = [name for name in book.names if name not in theirs.names]
    if missing:
        raise EnrolmentError(f"the judge finds nothing in the samples of {', '.join(missing)}", path=section.model)
    memories = [theirs.memory(theirs.names.index(name)).cpu() for name in book.names]
    return Judge(encoder, memories, section.threshold, section.band)


def scan_paths(paths: Sequence[Path], workshop: Workshop, listener: Listener | None = None) -> Iterator[Outcome]:
    """Scan every recording at or below `paths`; yields what became of each as it is done.

    What was scanned with the same model before is only matched again, without decoding, when voices or settings
    have changed since.
    """
    listener = listener or Listener()
    listener.enrolled(workshop.reports)
    some_known = False
    for path in paths:
        for outcome in _scan_path(path, workshop, listener):
            some_known |= outcome.status is Status.KNOWN
            listener.finished(outcome)
            yield outcome
    if some_known and match_archive(workshop.database, workshop.tools).recordings:
        export_heard(workshop.database, None, workshop.config.export)
    label_programmes(workshop.database, workshop.config.titles.model)


def match_archive(
    database: Database, tools: Tools, progress: Callable[[int, int], None] | None = None
) -> RematchReport:
    """What is kept of all recordings, matched with `tools` where it was matched otherwise; see `rematch`."""
    return rematch(
        database,
        tools.book,
        tools.config.match,
        tools.encoder.model_id,
        hearing=tools.second_hearing,
        progress=progress,
    )


def _scan_path(path: Path, workshop: Workshop, listener: Listener) -> Iterator[Outcome]:
    try:
        for recorder, recording_path in find_recordings(path.absolute()):
            yield _scan_recording(recorder, recording_path, workshop, listener)
    except RecordingError as error:
        yield Outcome(path, Status.FAILED, str(error))


def _scan_recording(recorder: Recorder, path: Path, workshop: Workshop, listener: Listener) -> Outcome:
    state = recorder.state(path, datetime.now(UTC))
    if state is RecordingState.RECORDING:
        return Outcome(path, Status.SKIPPED, "still being recorded")
    if state is RecordingState.DELETED:
        return Outcome(path, Status.SKIPPED, "deleted in the recorder")
    jobs = workshop.jobs
    try:
        recording = recorder.read(path)
        [found] = jobs.found([Finding(recording, content_of(recording))], workshop.tools.encoder.model_id)
        claim = _claim(jobs, path, workshop.tools.encoder.model_id)
        if isinstance(claim, Outcome):
            if found is not Found.MOVED:
                return claim
            failures = export_heard(workshop.database, [path], workshop.config.export)
            return replace(claim, notes=tuple(map(str, failures)))
    except RecordingError as error:
        return Outcome(path, Status.FAILED, str(error))
    listener.started(path, recording.expected_duration_s)
    return _work(jobs, claim, recording, workshop, listener)


def _claim(jobs: Jobs, path: Path, model_id: str) -> Claim | Outcome:
    """The right to do this recording now, or why not. Set aside or not, a person asks for it to be tried."""
    if (claim := jobs.claim(model_id, path)) is not None:
        return claim
    jobs.retry(path)
    if (claim := jobs.claim(model_id, path)) is not None:
        return claim
    known = jobs.known(path, model_id).get(path)
    if known is not None and known.running:
        return Outcome(path, Status.SKIPPED, "another voicemark is at it")
    return Outcome(path, Status.KNOWN)


def _work(jobs: Jobs, claim: Claim, recording: Recording, workshop: Workshop, listener: Listener) -> Outcome:
    beaten = time.monotonic()

    def advanced(seconds: float) -> None:
        nonlocal beaten
        if time.monotonic() - beaten > HEARTBEAT_S:
            jobs.heartbeat(claim)
            beaten = time.monotonic()
        listener.heard(seconds)

    try:
        result = process(recording, workshop.tools, advanced)
        with workshop.database.writing() as session:
            write_result(session, claim.recording_id, result)
            jobs.finish(session, claim)
    except ClaimLostError as error:
        return Outcome(claim.path, Status.SKIPPED, error.what)
    except RecordingError as error:
        with suppress(ClaimLostError):
            jobs.fail(claim, str(error))
        return Outcome(claim.path, Status.FAILED, str(error))
    except BaseException:
        # The disk is full, the database is locked, Ctrl-C: not this recording's fault.
        with suppress(VoicemarkError):
            jobs.release(claim)
        raise
    failures = export_heard(workshop.database, [claim.path], workshop.config.export)
    return Outcome(claim.path, Status.SCANNED, notes=(*result.notes, *map(str, failures)))


def scan(path: Path | str, config: Config) -> list[MarkerView]:
    """Scan the recordings at or below `path` and return their markers: the Python interface.

    Raises `RecordingError` when one of them failed (the others are done and stored), `ConfigError`,
    `DatabaseError`, `ModelError`.
    """
    workshop = open_workshop(config)
    try:
        outcomes = list(scan_paths([Path(path)], workshop))
        failed = [outcome for outcome in outcomes if outcome.status is Status.FAILED]
        if failed:
            raise RecordingError("; ".join(outcome.reason or str(outcome.path) for outcome in failed))
        with workshop.database.reading() as session:
            return find_markers(session, MarkerFilter(paths=[outcome.path for outcome in outcomes]))
    finally:
        workshop.database.close()
