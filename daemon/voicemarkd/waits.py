"""What cannot be done at present: said once, written down for `voicemark status`, tried again with a growing pause."""

import logging
from collections import defaultdict
from contextlib import suppress

from voicemark.errors import DatabaseError, Trouble, trouble_of, words_of
from voicemark.store.database import Database
from voicemark.store.waiting import QUEUE, note_waiting
from voicemarkd.patience import Patience

log = logging.getLogger(__name__)

QUEUE_PAUSE_S, LONGEST_QUEUE_PAUSE_S = 5.0, 20.0
"""Pauses before the whole queue is tried again; a try costs little, and a repair is to be noticed soon."""


class Waits:
    """By subject (`voicemark.store.waiting`): what is in the way, and when to try again."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._patience = defaultdict[str, Patience](Patience)
        self._patience[QUEUE] = Patience(QUEUE_PAUSE_S, LONGEST_QUEUE_PAUSE_S)
        self._told: dict[str, str | None] = {}

    def left_s(self, subject: str) -> float:
        """Seconds until the next try; 0 when it may be made."""
        return self._patience[subject].left_s

    def reason(self, subject: str) -> str | None:
        """What is in the way, in words; None where nothing is."""
        return self._told.get(subject)

    def failed(self, subject: str, error: Exception | None = None, said: str = "") -> float:
        """It was not possible: the pause until the next try. `error` is said (`said` before it) and written down."""
        if error is not None:
            self.say(subject, error, said)
        return self._patience[subject].failed()

    def say(self, subject: str, error: Exception, said: str) -> None:
        """In the log, once for each reason, an error of this program with its traceback; and in the database."""
        if words_of(error) != self._told.get(subject):
            own = trouble_of(error) is Trouble.OWN
            log.error("%s: %s%s", said, error, ", an error of voicemark itself" if own else "", exc_info=own)
        self._tell(subject, words_of(error))

    def try_now(self, subject: str) -> None:
        """It is another thing now: no pause is kept."""
        self._patience[subject].over()

    def over(self, subject: str) -> None:
        """It was possible."""
        self._patience[subject].over()
        if self._told.get(subject) is not None:
            log.info("%s: nothing is in the way any more", subject)
            self._tell(subject, None)

    def _tell(self, subject: str, reason: str | None) -> None:
        self._told[subject] = reason
        with suppress(DatabaseError), self._database.writing() as session:
            note_waiting(session, subject, reason)
