"""What becomes of a recording that was in hand: it is stored, given back, tried again later, or set aside.

Whose trouble a failure is decides (`voicemark.actions.not_heard`); what needs the place waits for it.
"""

import logging
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from voicemark.actions.hear import Heard
from voicemark.actions.in_hand import Hearing, LeftError
from voicemark.actions.keep import keep
from voicemark.actions.not_heard import not_heard
from voicemark.errors import DatabaseError, Follows, what_follows, words_of
from voicemark.store.database import Database
from voicemark.store.jobs import Claim, ClaimLostError, Jobs
from voicemark.store.waiting import QUEUE
from voicemark.voice.device_errors import is_gpu_failure
from voicemarkd.recogniser import CurrentRecogniser
from voicemarkd.steps import StopError
from voicemarkd.waits import Waits

log = logging.getLogger(__name__)


class Outcomes:
    """What follows when a recording has been heard, or could not be. All raise `DatabaseError` when the job table
    cannot be told; then it is told later (`give_back_owed`)."""

    def __init__(
        self,
        database: Database,
        recogniser: CurrentRecogniser,
        waits: Waits,
        *,
        hint: Callable[[Path], None],
        rest: Callable[[str, float], None],
        is_ending: Callable[[], bool],
    ) -> None:
        """`hint` is told of recordings that are no longer what they were; `rest` waits, in words and seconds, and
        raises `StopError` when the work is to end."""
        self._database, self._recogniser, self._waits = database, recogniser, waits
        self._hint, self._rest, self._is_ending = hint, rest, is_ending
        self._owed: list[tuple[Jobs, Claim]] = []

    @property
    def claims(self) -> list[Claim]:
        """Those of recordings that are not in hand any more, and of which the job table is still to be told."""
        return [claim for _, claim in self._owed]

    def settle(self, hearing: Hearing, jobs: Jobs) -> Heard | None:
        """See to a recording that has been heard, or failed. What was stored; None where nothing was."""
        claim, owed = hearing.claim, (jobs, hearing.claim)
        self._owed.append(owed)
        heard = None
        try:
            heard = self._store(hearing, jobs)
        except (StopError, LeftError):
            self._release(claim, jobs)
        except ClaimLostError as error:
            log.info("%s", error)
            self._hint(claim.path)
        except DatabaseError:
            raise
        except Exception as error:
            self._not_done(hearing, error, jobs)
        self._owed.remove(owed)
        return heard

    def not_begun(self, claim: Claim, error: Exception, jobs: Jobs) -> None:
        """See to a recording that was claimed and could not even be begun."""
        owed = (jobs, claim)
        self._owed.append(owed)
        if isinstance(error, DatabaseError):
            raise error
        self._fate(claim, error, jobs)
        self._owed.remove(owed)

    def give_back_owed(self) -> None:
        """Those of which the database could not be told."""
        while self._owed:
            jobs, claim = self._owed[-1]
            self._release(claim, jobs)
            self._owed.pop()

    def _store(self, hearing: Hearing, jobs: Jobs) -> Heard:
        heard = hearing.outcome
        if hearing.lost is not None:
            raise hearing.lost
        if not isinstance(heard, Heard):
            raise heard if isinstance(heard, Exception) else RuntimeError(f"hearing ended with {heard!r}")
        pause_s = 2.0

        def unwritable(error: DatabaseError) -> None:
            nonlocal pause_s
            log.error("the markers of %s wait to be written: %s", hearing.claim.path, error)
            self._rest(f"waiting to write: {error.what}", pause_s)
            pause_s = min(2 * pause_s, 60.0)

        keep(heard, hearing.claim, self._database, jobs, unwritable=unwritable)
        _log_result(hearing, heard)
        return heard

    def _not_done(self, hearing: Hearing, error: Exception, jobs: Jobs) -> None:
        if not self._is_ending() and is_gpu_failure(error):
            self._release(hearing.claim, jobs)
            if hearing.recogniser is self._recogniser.now:  # Else another recording has met with it before.
                self._recogniser.leave_gpu()
        else:
            self._fate(hearing.claim, error, jobs)

    def _fate(self, claim: Claim, error: Exception, jobs: Jobs) -> None:
        if self._is_ending():
            self._release(claim, jobs)
        elif what_follows(error) is Follows.ALL_WAITS:
            self._release(claim, jobs)
            self._waits.failed(QUEUE, error, "the work waits")
        else:
            self._hint(claim.path)  # It may have changed.
            with suppress(ClaimLostError):
                _log_fate(claim, error, not_heard(claim, error, jobs))

    def _release(self, claim: Claim, jobs: Jobs) -> None:
        with suppress(ClaimLostError):
            jobs.release(claim)


def _log_fate(claim: Claim, error: Exception, follows: Follows) -> None:
    text, path = words_of(error), claim.path
    fields = {"fields": {"recording": path, "attempt": claim.attempt}}
    if follows is Follows.ASIDE:
        log.warning("set aside: %s (again with: voicemark retry %r)", text, str(path), extra=fields)
    elif follows is Follows.RETRIED:
        log.info("tried again later: %s", text, extra=fields)
    else:
        log.info("out of reach, tried again later: %s", text, extra={"fields": {"recording": path}})


def _log_result(hearing: Hearing, heard: Heard) -> None:
    """A line in the log."""
    result, took_s = heard.result, time.monotonic() - hearing.began
    seconds = result.duration_s
    log.info(
        "%s: %d markers in %.1f min, %.0f × real time%s",
        hearing.claim.path,
        len(result.recognised.markers),
        seconds / 60,
        seconds / max(took_s, 1e-3),
        f"; {'; '.join(result.notes)[:300]}" if result.notes else "",
        extra={
            "fields": {
                "recording": hearing.claim.path,
                "title": result.recording.title,
                "markers": len(result.recognised.markers),
                "audio_s": round(seconds, 1),
                "took_s": round(took_s, 2),
            }
        },
    )
