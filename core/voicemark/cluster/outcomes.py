"""What follows from an answer: names and one transaction, or whose trouble it is that nothing was heard.

The claim is looked at in the transaction that writes: an answer that comes late is dropped. Whose trouble a failure is
decides what counts (`voicemark.errors.Trouble`): of a worker and its place nothing, of the recording an attempt.
"""

import logging
import threading
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from voicemark.actions.hear import Heard
from voicemark.actions.keep import keep
from voicemark.actions.not_heard import not_heard
from voicemark.actions.recogniser import heard_again, when_asked
from voicemark.actions.scan import Outcome, Status
from voicemark.cluster.answers import Answer
from voicemark.cluster.wire import Failure
from voicemark.config import Config
from voicemark.errors import DatabaseError, RecordingError, VoicemarkError, words_of
from voicemark.export.after import export_heard
from voicemark.pipeline import name
from voicemark.recording import Recording
from voicemark.store.database import Database
from voicemark.store.jobs import Claim, ClaimLostError, Jobs
from voicemark.voice.recognise import Recogniser

log = logging.getLogger(__name__)

WRITE_AGAIN_S = 5.0


@dataclass(frozen=True)
class InHand:
    """What a worker was given."""

    claim: Claim
    recording: Recording
    since: datetime


class Listener:
    """Is told how it goes on; does nothing by itself."""

    def finished(self, outcome: Outcome) -> None:
        """A recording is done, one way or another."""

    def waits(self, reason: str) -> None:
        """Nothing can be given to anybody at present."""


class Outcomes:
    """Settles recordings, one way or another, and counts them."""

    def __init__(
        self,
        config: Config,
        database: Database,
        jobs: Jobs,
        recogniser: Recogniser,
        listener: Listener,
        ending: threading.Event,
    ) -> None:
        """`ending` is set when it is not to be waited for anything any more."""
        self._config, self._database, self._jobs = config, database, jobs
        self._recogniser, self._listener, self._ending = recogniser, listener, ending
        self.done = 0
        self.failed: set[Path] = set()
        """Recordings that were not heard, and not since."""

    def settle(self, in_hand: InHand, host: str, answer: Answer) -> bool:
        """What a worker on `host` heard, or did not, is written. Whether it heard anything."""
        claim, heard, failure = in_hand.claim, answer.heard, answer.failure
        if heard is not None and heard.windows.model_id != claim.model_id:
            failure = Failure("own", f"windows of model {heard.windows.model_id} came back")
        if failure is not None or heard is None:
            self._not_heard(claim, host, failure or Failure("own", "an empty answer came back"))
            return False
        try:
            read = when_asked(lambda: heard_again(claim.path, claim.content, self._config))
            result = name(in_hand.recording, claim.content, heard, read, self._recogniser, self._config)
        except Exception as error:
            self.not_done(claim, error)
            return False
        speed = heard.duration_s / max(answer.took_s, 1e-3)
        self.keep(claim, Heard(result, answer.took_s), f"{host}, {speed:.0f} × real time")
        return True

    def keep(self, claim: Claim, heard: Heard, how: str) -> None:
        """Write it, if the claim still holds. Raises `DatabaseError` when that is given up."""
        try:
            keep(heard, claim, self._database, self._jobs, unwritable=self._wait_to_write)
        except ClaimLostError as error:
            log.info("dropped what was heard: %s", error)
            self._listener.finished(Outcome(claim.path, Status.SKIPPED, error.what))
            return
        except RecordingError as error:
            self.not_done(claim, error)
            return
        except BaseException:
            self.release(claim)
            raise
        self.done += 1
        self.failed.discard(claim.path)
        failures = export_heard(self._database, [claim.path], self._config.export)
        notes = (*heard.result.notes, *map(str, failures))
        self._listener.finished(Outcome(claim.path, Status.SCANNED, how, notes))

    def not_done(self, claim: Claim, error: Exception) -> None:
        """Something went wrong here, and not at a worker."""
        with suppress(ClaimLostError):
            not_heard(claim, error, self._jobs)
        self._failed(claim.path, words_of(error))

    def release(self, claim: Claim) -> None:
        """Give it back."""
        with suppress(VoicemarkError):
            self._jobs.release(claim)

    def _wait_to_write(self, error: DatabaseError) -> None:
        """A result in hand is worth waiting for the disk."""
        self._listener.waits(f"to write what was heard: {error}")
        if self._ending.wait(WRITE_AGAIN_S):
            raise error

    def _not_heard(self, claim: Claim, host: str, failure: Failure) -> None:
        """Whose trouble it is decides what counts: of the worker's place nothing, of the recording an attempt."""
        text = f"{host}: {failure.what}"
        log.info("%s was not heard: %s", claim.path, text)
        with suppress(ClaimLostError):
            if failure.trouble == "unfit" or (failure.trouble == "place" and failure.pause_s > 0):
                self._jobs.release(claim)
            elif failure.died:
                self._jobs.died(claim, text)
            elif failure.trouble == "place":
                self._jobs.release(claim, waits_for=text)
            else:
                self._jobs.fail(claim, text, final=failure.final)
        self._failed(claim.path, text)

    def _failed(self, path: Path, text: str) -> None:
        self.failed.add(path)
        self._listener.finished(Outcome(path, Status.FAILED, text))
