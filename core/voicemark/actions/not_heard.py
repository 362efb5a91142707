"""What follows for a recording that could not be heard, whoever tried: `scan`, the service and a backfill alike.

What follows says `voicemark.errors.what_follows`; here the job table is told of it.
"""

import logging
from pathlib import Path

from voicemark.errors import Follows, Trouble, trouble_of, what_follows, words_of
from voicemark.store.jobs import Claim, Jobs

log = logging.getLogger(__name__)


def not_heard(claim: Claim, error: BaseException, jobs: Jobs) -> Follows:
    """Tell the job table. What follows: `ASIDE` also where that was the last attempt. Who can wait with everything
    asks `what_follows` before; here the recording waits alone. Raises `ClaimLostError`, `DatabaseError`."""
    follows, text = what_follows(error), words_of(error)
    log_if_own(claim.path, error)
    if follows in (Follows.ALL_WAITS, Follows.WAITS):
        jobs.release(claim, waits_for=text)
        return Follows.WAITS
    return Follows.ASIDE if jobs.fail(claim, text, final=follows is Follows.ASIDE) else Follows.RETRIED


def log_if_own(path: Path, error: BaseException) -> None:
    """An error of this program is told with its traceback, wherever it came up."""
    if trouble_of(error) is Trouble.OWN:
        log.error("%s: an error of voicemark itself", path, exc_info=error)
