"""The job table: what is still to be done with recordings, and who is doing it.

A job is work on one content of one recording under one model, and there is at most one row for that: whoever
claims it (the service, a second service, a `scan`) owns it until it is finished, failed, given back, or its owner
is dead. Which recordings there are, and which jobs they need, is written down by `voicemark.store.inventory`.

    waiting ──settled──▶ ready ──claim──▶ running ──▶ done
       ▲                   ▲ └──────────────┤ fail: later again, with growing pauses
       └──grows again      └── retry ── failed (set aside)        gone: deleted, or replaced by other content
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import ColumnElement, Select, false, func, or_, select
from sqlalchemy.orm import Session

from voicemark.errors import VoicemarkError
from voicemark.store.database import Database
from voicemark.store.job_states import STALE as STALE
from voicemark.store.job_states import JobState as JobState
from voicemark.store.paths import path_to_text, text_to_path
from voicemark.store.schema import JobRow, RecordingRow
from voicemark.store.workers import UNKNOWN, Beat, is_dead, worker_id

FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=30), timedelta(minutes=15)
"""Before a recording is asked for again that is out of reach; doubles each time."""

MOST_DEATHS = 12
"""A job during which the program ended without a word so often is set aside: power cuts strike at random, a recording
that kills the program does it every time. Twice as often where it had two in hand, and so on."""

LONGEST_PAUSE = timedelta(days=1)


class ClaimLostError(VoicemarkError):
    """The job is no longer this worker's: its recording changed, went away, or someone else took it over."""


@dataclass(frozen=True)
class Claim:
    """The right to work on one job."""

    job_id: int
    recording_id: int
    path: Path
    recorder: str
    content: str
    model_id: str
    attempt: int
    """From 1."""
    worker: str


def utc_now() -> datetime:
    """The wall clock, aware."""
    return datetime.now(UTC)


class Jobs:
    """The job table of a database, as one worker sees it.

    Every method is a transaction of its own, except `finish`, which joins the transaction that writes the results.
    All raise `DatabaseError` when the database cannot be used.
    """

    def __init__(
        self,
        database: Database,
        *,
        retries: int = 4,
        retry_pause_s: float = 300.0,
        clock: Callable[[], datetime] = utc_now,
        beat: Callable[[], Beat] = Beat.now,
        worker: str | None = None,
    ) -> None:
        """`clock` dates rows and pauses; whether a claim's owner lives is told by `beat`, which no one can set."""
        self._database = database
        self._retries = retries
        self._retry_pause = timedelta(seconds=retry_pause_s)
        self._clock = clock
        self._beat = beat
        self.worker = worker or worker_id()

    def claim(
        self,
        model_id: str,
        path: Path | None = None,
        *,
        below: Sequence[Path] | None = None,
        machine: str | None = None,
    ) -> Claim | None:
        """The most urgent job that is ready now (of recordings below one of the folders `below`, where those are
        given), or the one of the recording at `path` (whatever pause it is in); it is this worker's from here on, and
        heard on `machine`, where that is another. None when there is nothing to do."""
        now = self._clock()
        with self._database.writing() as session:
            self._take_over_from_the_dead(session, now)
            found = session.execute(_ready(model_id, now, path, below)).first()
            if found is None:
                return None
            job, recording = found
            job.state, job.worker, job.machine = JobState.RUNNING, self.worker, machine
            job.heartbeat_at = job.updated_at = now
            job.beat_boot, job.beat_s = self._beat()
            job.attempts += 1
            job.not_before = None
            return Claim(
                job_id=job.id,
                recording_id=recording.id,
                path=text_to_path(recording.path),
                recorder=recording.recorder,
                content=job.content,
                model_id=job.model_id,
                attempt=job.attempts,
                worker=self.worker,
            )

    def is_any_ready(self, model_id: str, below: Sequence[Path] | None = None) -> bool:
        """Whether a claim would find anything now; nothing is claimed."""
        with self._database.reading() as session:
            return session.execute(_ready(model_id, self._clock(), None, below)).first() is not None

    def heartbeat(self, claim: Claim, heard_s: float | None = None) -> None:
        """The work advances; `heard_s` of the recording have been heard. Raises `ClaimLostError` when it is no longer
        wanted of this worker."""
        with self._owned(claim) as job:
            job.heartbeat_at = self._clock()
            job.heard_s = heard_s
            job.beat_boot, job.beat_s = self._beat()

    def renew(self, claims: Iterable[Claim]) -> list[Claim]:
        """The work on all of these advances; those that are no longer wanted of this worker."""
        lost = []
        with self._database.writing() as session:
            for claim in claims:
                try:
                    job = _own(session, claim)
                except ClaimLostError:
                    lost.append(claim)
                    continue
                job.heartbeat_at = self._clock()
                job.beat_boot, job.beat_s = self._beat()
        return lost

    def finish(self, session: Session, claim: Claim, *, took_s: float | None = None) -> None:
        """The job is done: to be called in the transaction that writes its results, so that both are kept or
        neither. Raises `ClaimLostError`, which takes the results back."""
        job = _own(session, claim)
        job.took_s = took_s
        job.error = None
        job.waits, job.waits_for = 0, None
        put_down(job, JobState.DONE, self._clock())

    def fail(self, claim: Claim, error: str, *, final: bool = False) -> bool:
        """The job failed. It is tried again after a pause, twice as long each time; once that is used up, or if
        `final`, it is set aside with `error`. True when it was set aside. Raises `ClaimLostError`."""
        with self._owned(claim) as job:
            return self._failed(job, error, self._clock(), final=final)

    def died(self, claim: Claim, error: str) -> bool:
        """Whoever heard it ended without a word. That happens, and the job is ready again at once; from the second
        time on it counts as failed. True when it was set aside. Raises `ClaimLostError`."""
        with self._owned(claim) as job:
            if job.attempts > 1:
                return self._failed(job, error, self._clock())
            job.error = error
            put_down(job, JobState.READY, self._clock())
            return False

    def release(self, claim: Claim, *, waits_for: str | None = None) -> None:
        """Give a job back untouched (the program ends, another one is needed first): no attempt counts.

        `waits_for` says in words why this recording is out of reach at present (a mount, rights): it is ready again
        after a pause, longer each time. Raises `ClaimLostError`.
        """
        with self._owned(claim) as job:
            now = self._clock()
            job.not_before = None
            job.waits_for = waits_for
            if waits_for is not None:
                job.not_before = now + min(FIRST_WAIT * 2 ** min(job.waits, 10), LONGEST_WAIT)
                job.waits += 1
            job.attempts -= 1
            put_down(job, JobState.READY, now)

    def retry(self, path: Path | None = None) -> list[Path]:
        """Make set-aside jobs ready again, all or that of the recording at `path` (which may also be in a pause).
        The recordings concerned."""
        now = self._clock()
        again = JobRow.state == JobState.FAILED
        query = select(JobRow, RecordingRow.path).join(RecordingRow, RecordingRow.id == JobRow.recording_id)
        if path is not None:
            again = or_(again, (JobRow.state == JobState.READY) & JobRow.not_before.is_not(None))
            query = query.where(RecordingRow.path == path_to_text(path))
        with self._database.writing() as session:
            rows = session.execute(query.where(again, RecordingRow.deleted_at.is_(None))).all()
            for job, _ in rows:
                job.state, job.attempts, job.not_before, job.updated_at = JobState.READY, 0, None, now
                job.waits, job.waits_for = 0, None
            return [text_to_path(text) for _, text in rows]

    def _take_over_from_the_dead(self, session: Session, now: datetime) -> None:
        running = session.scalars(select(JobRow).where(JobRow.state == JobState.RUNNING)).all()
        in_hand = Counter(job.worker for job in running)
        for job in running:
            if job.worker is None or is_dead(job.worker) or self._is_silent(job, now):
                if job.attempts > 1:
                    why = "the program ended without a word while at it"
                    # One of several that were in hand ended it, if any: a death says so much less of each.
                    most = MOST_DEATHS * in_hand[job.worker] - 1
                    self._failed(job, why, now, most=max(self._retries, most))
                else:
                    put_down(job, JobState.READY, now)
        session.flush()

    def _is_silent(self, job: JobRow, now: datetime) -> bool:
        """Has its owner given no sign of life for too long? On this boot of this machine no clock that can be set is
        asked; of another machine only the dates are known."""
        boot, beat_s = self._beat()
        if job.beat_boot == boot != UNKNOWN and job.beat_s is not None:
            return beat_s - job.beat_s > STALE.total_seconds()
        if job.heartbeat_at is not None and job.heartbeat_at > now + STALE:
            # A clock was set back, here or there: whether it is silent is told from now on.
            job.heartbeat_at = now
        return job.heartbeat_at is None or now - job.heartbeat_at > STALE

    def _failed(self, job: JobRow, error: str, now: datetime, *, final: bool = False, most: int | None = None) -> bool:
        final = final or job.attempts > (self._retries if most is None else most)
        job.not_before = None if final else now + self._pause(job.attempts)
        job.error = error
        job.waits, job.waits_for = 0, None
        put_down(job, JobState.FAILED if final else JobState.READY, now)
        return final

    def _pause(self, attempts: int) -> timedelta:
        """Before the try that follows so many: doubles, and is a day at most."""
        doubled: timedelta = self._retry_pause * 2 ** min(max(attempts - 1, 0), 30)
        return min(doubled, LONGEST_PAUSE)

    @contextmanager
    def _owned(self, claim: Claim) -> Iterator[JobRow]:
        with self._database.writing() as session:
            yield _own(session, claim)


def put_down(job: JobRow, state: JobState, now: datetime) -> None:
    """Nobody is at it any more."""
    job.state, job.updated_at = state, now
    job.worker = job.machine = job.heard_s = job.heartbeat_at = job.beat_boot = job.beat_s = None


def _ready(
    model_id: str, now: datetime, path: Path | None, below: Sequence[Path] | None
) -> "Select[JobRow, RecordingRow]":
    """The most urgent job: see `Jobs.claim`."""
    query = (
        select(JobRow, RecordingRow)
        .join(RecordingRow, RecordingRow.id == JobRow.recording_id)
        .where(JobRow.state == JobState.READY, JobRow.model_id == model_id)
        .order_by(JobRow.priority.desc(), JobRow.id)
        .limit(1)
    )
    if below is not None:
        query = query.where(or_(false(), *map(_is_below, below)))
    if path is not None:
        return query.where(RecordingRow.path == path_to_text(path))
    # A pause that was begun in the future ends now: the clock was set back since.
    return query.where(or_(JobRow.not_before.is_(None), JobRow.not_before <= now, JobRow.updated_at > now))


def _is_below(folder: Path) -> ColumnElement[bool]:
    """Whether a recording lies below it; names are compared byte by byte, unlike `LIKE`."""
    prefix = path_to_text(folder).rstrip("/") + "/"
    return func.substr(RecordingRow.path, 1, len(prefix)) == prefix


def _own(session: Session, claim: Claim) -> JobRow:
    job = session.get(JobRow, claim.job_id)
    if (
        job is None
        or job.state != JobState.RUNNING
        or (job.worker, job.attempts) != (claim.worker, claim.attempt)  # It may have been claimed again since.
    ):
        raise ClaimLostError(
            "is no longer this program's work: it changed, went away or was taken over", path=claim.path
        )
    return job
