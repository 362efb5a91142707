"""The one who gives recordings to workers and writes what they heard: `voicemark backfill`.

    job table ──claim──▶ order ──▶ a worker hears ──▶ answer ──▶ names, programmes ──▶ one transaction ──▶ job table

The job table stays the queue and the only truth. Everything else is disposable: when this process, the scheduler or a
worker ends, the claims that are left over are given back, or taken over by who comes next; what is lost is time.
The voices never leave this machine: a worker says who speaks when, and the names are put to that here.
"""

import logging
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from voicemark.actions.catch_up import catch_up
from voicemark.actions.keep import HEARTBEAT_S, heard_elsewhere
from voicemark.cluster.crew import Came, Member
from voicemark.cluster.errors import ClusterError, SchedulerLostError
from voicemark.cluster.finding import look
from voicemark.cluster.line import Line
from voicemark.cluster.outcomes import InHand, Listener, Outcomes
from voicemark.cluster.roots import Roots
from voicemark.cluster.view import View
from voicemark.cluster.wire import order_for
from voicemark.config import Config
from voicemark.errors import DatabaseError, RecordingError
from voicemark.named import named
from voicemark.pipeline import content_of
from voicemark.recorders import find_recordings
from voicemark.recording import Recording
from voicemark.store.database import Database
from voicemark.store.jobs import Claim, Jobs
from voicemark.titles.annotate import label_programmes
from voicemark.voice.diarization import RULES
from voicemark.voice.recognise import Recogniser

log = logging.getLogger(__name__)

WAIT_S = 1.0
"""How long it is waited for an answer before everything else is looked after again."""
LEAST_LIMIT_S, TIMES_ITS_LENGTH, BYTES_PER_S = 1800.0, 2.0, 24_000
"""A worker may take so long for a recording, and its length so often; a length that nobody tells is supposed from the
bytes, as if it were radio."""


class Backfill:
    """One run over all that is ready."""

    def __init__(
        self,
        config: Config,
        database: Database,
        recogniser: Recogniser,
        line: Line,
        roots: Roots,
        *,
        paths: Sequence[Path] = (),
        listener: Listener | None = None,
    ) -> None:
        """`paths` are looked at for recordings."""
        self._config, self._database, self._recogniser = config, database, recogniser
        self._line, self._roots = line, roots
        self._listener = listener or Listener()
        self._jobs = Jobs(database, retries=config.service.retries, retry_pause_s=config.service.retry_pause_s)
        self._in_hand: dict[int, InHand] = {}
        self._look = look(paths, config, database, recogniser.encoder.model_id)
        self._looked = False
        self._renewed_at = float("-inf")
        self._view = View(database, self._jobs.worker)
        self._ending = threading.Event()
        self.outcomes = Outcomes(config, database, self._jobs, recogniser, self._listener, self._ending)
        self._waits: str | None = None
        self.unreached = False
        """Is something left that is ready, and lies below a root that no worker has?"""

    def end(self) -> None:
        """Stop soon; what is in hand is given back. From any thread, or a signal's handler."""
        self._ending.set()

    @property
    def ended(self) -> bool:
        """Was it told to end?"""
        return self._ending.is_set()

    def run(self) -> None:
        """Until nothing is ready any more. Raises `ClusterError`, `DatabaseError`; what was in hand is given back."""
        try:
            while not self._ending.is_set():
                try:
                    if self._advance():
                        break
                except SchedulerLostError as lost:
                    self._give_back()
                    self._line.restore(lost, self._ending, self._wait)
                    self._waits = None
        finally:
            self._give_back()
        if self.outcomes.done and not self._ending.is_set():
            catch_up(self._database, self._recogniser, self._config)
            label_programmes(self._database, self._config.titles.model)

    def _advance(self) -> bool:
        """Look after everybody once; whether all is done. Raises `ClusterError`, `DatabaseError`."""
        crew = self._line.crew
        for came in crew.look():
            self._came(came)
        self._renew()
        asked = list(crew.idle())
        given = self._give(asked)
        self._view.tell(crew, self._in_hand)
        if (answer := crew.came(0.0 if given else WAIT_S)) is not None:
            self._came(answer)
            return False
        return not given and not self._in_hand and self._is_over(asked)

    def _give(self, idle: Sequence[Member]) -> bool:
        """Something to everybody who is idle; whether anybody was given anything, or more was found to be given."""
        given = False
        for member in idle:
            while (claim := self._claim(member)) is not None:
                given = True
                if self._begin(member, claim):
                    break
        if not given and not self._looked:
            self._looked = next(self._look, None) is None
            return not self._looked
        return given

    def _claim(self, member: Member) -> Claim | None:
        if self._ending.is_set():
            return None
        below = self._roots.below(member.roots)
        return self._jobs.claim(self._recogniser.encoder.model_id, below=below, machine=member.host)

    def _begin(self, member: Member, claim: Claim) -> bool:
        """Give it to the worker. False when that was not needed, or cannot be."""
        try:
            recording = self._read(claim)
            known = heard_elsewhere(recording, claim, self._config, self._database)
            if known is not None:
                self.outcomes.keep(claim, known, "known from another place")
                return False
            order = order_for(
                recording,
                self._roots,
                job=claim.job_id,
                content=claim.content,
                model_id=claim.model_id,
                rules=RULES,
                audio=self._config.audio,
                limit_s=_limit_s(recording),
            )
        except DatabaseError:
            self.outcomes.release(claim)
            raise
        except Exception as error:
            self.outcomes.not_done(claim, error)
            return False
        self._in_hand[claim.job_id] = InHand(claim, recording, datetime.now(UTC))
        self._line.crew.give(member, order)
        return True

    def _read(self, claim: Claim) -> Recording:
        """The recording as it is now. Raises `RecordingError`."""
        found = find_recordings(claim.path, self._config.watch, self._config.audio.languages)
        recording = next((recorder.read(path) for recorder, path in found if path == named(claim.path)), None)
        if recording is None or content_of(recording) != claim.content:
            raise RecordingError("has changed since it was found", path=claim.path)
        return recording

    def _came(self, came: Came) -> None:
        """What follows from an answer, if it is still waited for."""
        in_hand = self._in_hand.pop(came.order.job, None)
        if in_hand is not None and self.outcomes.settle(in_hand, came.member.host, came.answer):
            came.member.heard_s += came.answer.heard.duration_s if came.answer.heard else 0.0
            came.member.took_s += came.answer.took_s

    def _renew(self) -> None:
        """The job table is told that the work goes on; what is no longer ours is let go."""
        if not self._in_hand or time.monotonic() - self._renewed_at < HEARTBEAT_S:
            return
        self._renewed_at = time.monotonic()
        lost: list[Claim] = []
        with suppress(DatabaseError):  # A full disk is noticed soon enough when something is written.
            lost = self._jobs.renew([one.claim for one in self._in_hand.values()])
        for claim in lost:
            del self._in_hand[claim.job_id]
            log.info("%s is no longer ours: it changed, went away or was taken over", claim.path)
            for member in self._line.crew.members.values():
                if member.order is not None and member.order.job == claim.job_id:
                    self._line.crew.forget(member)

    def _is_over(self, asked: Sequence[Member]) -> bool:
        """Nothing is in hand, and there was nothing for those who were asked: is that all? Raises `ClusterError` where
        there is nobody to hear what is left, and nobody is to come."""
        below = list(self._roots.folders.values())
        if not self._jobs.is_any_ready(self._recogniser.encoder.model_id, below):
            return True
        members = self._line.crew.members.values()
        fit = [member for member in members if member.unfit is None]
        if any(member.machine is None or member.paused_until > time.monotonic() for member in fit):
            self._wait("for workers that begin, or pause")
        elif fit:
            self.unreached = len(asked) == len(fit)
        elif not self._line.stands:
            self._wait("for a worker to join")
        else:
            reasons = dict.fromkeys(str(member.unfit) for member in members)
            raise ClusterError("; ".join(reasons) or "there is no worker")
        return self.unreached

    def _wait(self, reason: str) -> None:
        if reason != self._waits:
            self._waits = reason
            self._listener.waits(reason)

    def _give_back(self) -> None:
        """All that is in hand, and the workers' lines in the status."""
        self._line.crew.leave()
        for in_hand in self._in_hand.values():
            self.outcomes.release(in_hand.claim)
        self._in_hand.clear()
        self._view.clear()


def _limit_s(recording: Recording) -> float:
    """How long hearing it may take."""
    length_s = recording.expected_duration_s
    if length_s is None:
        length_s = sum(file.stat().st_size for file in recording.files) / BYTES_PER_S
    return LEAST_LIMIT_S + TIMES_ITS_LENGTH * length_s
