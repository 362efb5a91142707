"""What was heard goes into the database: the one way, for a scan, the service and whoever hears for them.

    claim → hear, or what is known of the same content → keep: results and the end of the job in one transaction

One process writes, wherever the hearing was done. The claim is looked at in the transaction that writes: what was heard
for a job that is no longer this worker's is dropped. Whose fault a failure is, and what follows from it, is the
caller's to decide: nothing is released or failed here.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from voicemark.actions.hear import Heard
from voicemark.config import Config
from voicemark.epg.gather import programmes_of
from voicemark.errors import DatabaseError, RecordingError
from voicemark.recording import Recording
from voicemark.store.database import Database
from voicemark.store.jobs import Claim, Jobs
from voicemark.store.known import same_content
from voicemark.store.results import write_result

HEARTBEAT_S = 10.0
"""A heartbeat is a transaction: not for every block."""


class Heartbeat:
    """Tells the job table now and then that the work on a claim goes on. Raises `ClaimLostError`."""

    def __init__(self, jobs: Jobs, claim: Claim) -> None:
        self._jobs, self._claim = jobs, claim
        self._beaten_at = time.monotonic()

    def __call__(self, heard_s: float | None = None) -> None:
        if time.monotonic() - self._beaten_at > HEARTBEAT_S:
            with suppress(DatabaseError):  # A full disk is noticed soon enough when the result is written.
                self._jobs.heartbeat(self._claim, heard_s)
            self._beaten_at = time.monotonic()


def keep(
    heard: Heard, claim: Claim, database: Database, jobs: Jobs, *, unwritable: Callable[[DatabaseError], None]
) -> None:
    """Store what was heard for `claim`, in one transaction with the end of its job.

    `unwritable` is told when the database cannot be written, with the result in hand: it waits and returns for
    another attempt, or raises. Raises `ClaimLostError`, and `RecordingError` when something else was heard than what
    was claimed; then nothing is stored.
    """
    result = heard.result
    if result.content != claim.content:
        raise RecordingError("has changed since it was found", path=claim.path, hint="it is done again once at rest")
    while True:
        try:
            with database.writing() as session:
                write_result(session, claim.recording_id, result)
                jobs.finish(session, claim, took_s=heard.took_s)
            return
        except DatabaseError as error:
            unwritable(error)


def heard_elsewhere(recording: Recording, claim: Claim, config: Config, database: Database) -> Heard | None:
    """What is known of the same content at another place (a copy, a snapshot), with the programmes of this one; None
    where nothing was heard of it. Its markers may be those of other voices or settings: whoever matches the archive
    brings them up to date."""
    began = time.monotonic()
    with database.reading() as session:
        known = same_content(session, recording, claim.content, claim.model_id)
    if known is None:
        return None
    found = programmes_of(recording, known.duration_s, config.epg)
    notes = dict.fromkeys((*recording.notes, *found.notes, *known.notes))
    started_at = found.started_at or recording.started_at
    result = replace(known, programmes=found.spans, started_at=started_at, notes=tuple(notes))
    return Heard(result, time.monotonic() - began)
