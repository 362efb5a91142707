"""One recording that was claimed, through the pipeline and into the database: the one way, for a scan and the service.

    claim → process → write → finish

A content that was heard at another place (a copy, a snapshot) is not heard again: what is known of it is taken over.

Whose fault a failure is, and what follows from it, is the caller's to decide: nothing is released or failed here.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from voicemark.config import Config
from voicemark.epg.gather import programmes_of
from voicemark.errors import DatabaseError
from voicemark.pipeline import Progress, process
from voicemark.recording import Recording
from voicemark.result import Result
from voicemark.store.database import Database
from voicemark.store.jobs import Claim, Jobs
from voicemark.store.known import same_content
from voicemark.store.results import write_result
from voicemark.voice.recognise import Recogniser

HEARTBEAT_S = 10.0
"""A heartbeat is a transaction: not for every block."""


class Heartbeat:
    """Tells the job table now and then that the work on a claim goes on. Raises `ClaimLostError`."""

    def __init__(self, jobs: Jobs, claim: Claim) -> None:
        self._jobs, self._claim = jobs, claim
        self._beaten_at = time.monotonic()

    def __call__(self) -> None:
        if time.monotonic() - self._beaten_at > HEARTBEAT_S:
            with suppress(DatabaseError):  # A full disk is noticed soon enough when the result is written.
                self._jobs.heartbeat(self._claim)
            self._beaten_at = time.monotonic()


def hear(
    recording: Recording,
    claim: Claim,
    recogniser: Recogniser,
    config: Config,
    database: Database,
    jobs: Jobs,
    *,
    progress: Progress,
    unwritable: Callable[[DatabaseError], None],
) -> Result:
    """Hear a recording and store what was found, in one transaction with the end of its job.

    `unwritable` is told when the database cannot be written, with the result in hand: it waits and returns for
    another attempt, or raises. Raises `RecordingError`, `ToolError`, `ClaimLostError` and what the callbacks raise.
    """
    began = time.monotonic()
    result = _heard_elsewhere(recording, claim, recogniser, config, database)
    if result is None:
        result = process(recording, recogniser, config, progress)
    took_s = time.monotonic() - began
    while True:
        try:
            with database.writing() as session:
                write_result(session, claim.recording_id, result)
                jobs.finish(session, claim, took_s=took_s)
            return result
        except DatabaseError as error:
            unwritable(error)


def _heard_elsewhere(
    recording: Recording, claim: Claim, recogniser: Recogniser, config: Config, database: Database
) -> Result | None:
    """What is known of the same content at another place, with the programmes of this one. Its markers may be those of
    other voices or settings: whoever matches the archive brings them up to date."""
    with database.reading() as session:
        known = same_content(session, recording, claim.content, recogniser.encoder.model_id)
    if known is None:
        return None
    found = programmes_of(recording, known.duration_s, config.epg)
    notes = dict.fromkeys((*recording.notes, *found.notes, *known.notes))
    started_at = found.started_at or recording.started_at
    return replace(known, programmes=found.spans, started_at=started_at, notes=tuple(notes))
