"""The job table: which recordings there are, what is still to be done with them, and who is doing it.

A job is work on one content of one recording under one model, and there is at most one row for that: whoever
claims it (the service, a second service, a `scan`) owns it until it is finished, failed, given back, or its owner
is dead. Recordings are known by the fingerprint of their content, so that a rename keeps their markers.

    waiting ──settled──▶ ready ──claim──▶ running ──▶ done
       ▲                   ▲ └──────────────┤ fail: later again, with growing pauses
       └──grows again      └── retry ── failed (set aside)        gone: deleted, or replaced by other content
"""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path

from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session

from voicemark.errors import VoicemarkError
from voicemark.recording import Recording
from voicemark.store.database import Database
from voicemark.store.paths import path_to_text, text_to_path
from voicemark.store.schema import FileRow, JobRow, RecordingRow
from voicemark.store.workers import UNKNOWN, Beat, is_dead, worker_id

NOT_SETTLED = ""
"""The content of a recording that is still being written."""

ARCHIVE_OFFSET = 1 << 33
"""Taken from the priority of what has results of an older model already: behind every recording that has none."""

STALE = timedelta(minutes=10)
"""A claim without a sign of life for so long is abandoned, wherever its owner is."""

FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=30), timedelta(minutes=15)
"""Before a recording is asked for again that is out of reach; doubles each time."""

MOST_DEATHS = 12
"""A job during which the program ended without a word so often is set aside: power cuts strike at random, a recording
that kills the program does it every time."""

LONGEST_PAUSE = timedelta(days=1)

CHUNK = 500
"""Findings written in one transaction; SQLite takes at least 999 values in a statement."""


class JobState(StrEnum):
    """Where a job stands."""

    WAITING = "waiting"
    READY = "ready"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    GONE = "gone"


class Outcome(StrEnum):
    """What a finding turned out to be."""

    NEW = "new"
    KNOWN = "known"
    MOVED = "moved"
    CHANGED = "changed"
    RESTORED = "restored"
    """It was deleted and is back."""


class ClaimLostError(VoicemarkError):
    """The job is no longer this worker's: its recording changed, went away, or someone else took it over."""


@dataclass(frozen=True)
class Finding:
    """A recording that is there. `content` is its fingerprint, or None while it is being written."""

    recording: Recording
    content: str | None
    seen: tuple[tuple[str, int, int], ...] | None = None
    """The files' `signature` when that was found out; None: not to be checked."""
    believed: str | None = None
    """The content that the finder took it to have before (`NOT_SETTLED`: none); None: not to be checked."""
    mount: str | None = None
    """Where the file system is mounted that it lies on."""


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


@dataclass(frozen=True)
class Known:
    """What the table knows of a recording: enough to see without reading it that nothing has changed."""

    path: Path
    content: str
    sizes: tuple[tuple[str, int, int], ...]
    """Name, bytes and modification time (ns) of each file, in playing order."""
    deleted: bool
    settled: bool
    """There is a job for this content under the asked model that needs no further look."""
    running: bool
    """Someone is at that job."""
    mount: str | None = None
    """Where the file system was mounted that it was last seen on; None: not known."""


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

    # What there is

    def found(self, findings: Sequence[Finding], model_id: str) -> list[Outcome]:
        """Write down recordings that are there, and the jobs that they need under `model_id`.

        A recording whose content is known at a path that no longer exists has moved; its results move with it. What a
        finding says is checked against the files as they are now: a look that began before somebody else's says
        nothing any more, and takes nobody's claim away.
        """
        outcomes: list[Outcome] = []
        for start in range(0, len(findings), CHUNK):
            chunk = findings[start : start + CHUNK]
            with self._database.writing() as session:
                shelf = _Shelf(session, chunk, model_id, self._clock())
                outcomes += shelf.put(chunk)
        return outcomes

    def known(self, root: Path, model_id: str) -> dict[Path, Known]:
        """Every recording at or below `root` that the table knows; does not write to the database."""
        text = path_to_text(root)
        below = (RecordingRow.path > text + "/") & (RecordingRow.path < text + chr(ord("/") + 1))
        at_or_below = or_(RecordingRow.path == text, below)
        files: dict[int, list[tuple[str, int, int]]] = {}
        with self._database.reading() as session:
            for recording_id, file, size, mtime_ns in session.execute(
                select(FileRow.recording_id, FileRow.path, FileRow.size, FileRow.mtime_ns)
                .join(RecordingRow, RecordingRow.id == FileRow.recording_id)
                .where(at_or_below)
                .order_by(FileRow.recording_id, FileRow.position)
            ):
                files.setdefault(recording_id, []).append((file, size, mtime_ns))
            states = {
                (recording_id, content): state
                for recording_id, content, state in session.execute(
                    select(JobRow.recording_id, JobRow.content, JobRow.state)
                    .join(RecordingRow, RecordingRow.id == JobRow.recording_id)
                    .where(at_or_below, JobRow.model_id == model_id)
                    .where(JobRow.state.not_in((JobState.WAITING, JobState.GONE)))
                )
            }
            rows = session.execute(
                select(
                    RecordingRow.id,
                    RecordingRow.path,
                    RecordingRow.content,
                    RecordingRow.deleted_at,
                    RecordingRow.mount,
                ).where(at_or_below)
            ).all()
        return {
            (path := text_to_path(row.path)): Known(
                path=path,
                content=row.content,
                sizes=tuple(files.get(row.id, ())),
                deleted=row.deleted_at is not None,
                settled=(row.id, row.content) in states,
                running=states.get((row.id, row.content)) == JobState.RUNNING,
                mount=row.mount,
            )
            for row in rows
        }

    def lies_on(self, mounts: Mapping[Path, str]) -> None:
        """Where the file systems are mounted that recordings were seen on."""
        if mounts:
            with self._database.writing() as session:
                for path, mount in mounts.items():
                    session.execute(
                        update(RecordingRow).where(RecordingRow.path == path_to_text(path)).values(mount=mount)
                    )

    def gone(self, paths: Iterable[Path], still: Callable[[Path], bool] = lambda _: True) -> int:
        """Recordings that no longer exist: their jobs are dropped, their results stay and say so. How many were
        not known to be gone. `still` is asked again at the moment of writing."""
        now, count = self._clock(), 0
        all_paths = list(paths)
        for start in range(0, len(all_paths), CHUNK):
            with self._database.writing() as session:
                some = [path_to_text(path) for path in all_paths[start : start + CHUNK] if still(path)]
                present = RecordingRow.path.in_(some), RecordingRow.deleted_at.is_(None)
                ids = session.scalars(select(RecordingRow.id).where(*present)).all()
                session.execute(update(RecordingRow).where(RecordingRow.id.in_(ids)).values(deleted_at=now))
                session.execute(
                    update(JobRow)
                    .where(JobRow.recording_id.in_(ids), JobRow.state != JobState.DONE)
                    .values(
                        state=JobState.GONE, worker=None, heartbeat_at=None, beat_boot=None, beat_s=None, updated_at=now
                    )
                )
                count += len(ids)
        return count

    def clock_was_set(self, step: timedelta) -> None:
        """The wall clock was set forwards by `step`: what was found to be gone is not gone for longer by that."""
        with self._database.writing() as session:
            for row in session.scalars(select(RecordingRow).where(RecordingRow.deleted_at.is_not(None))):
                if row.deleted_at is not None and row.deleted_at + step <= self._clock():
                    row.deleted_at += step

    def drop_deleted(self, *, older_than: timedelta) -> list[Path]:
        """Erase recordings, with their markers, that have been gone for so long. Which there were."""
        before = self._clock() - older_than
        old = RecordingRow.deleted_at < before
        with self._database.reading() as session:
            if session.scalar(select(RecordingRow.id).where(old).limit(1)) is None:
                return []
        with self._database.writing() as session:
            rows = session.execute(select(RecordingRow.id, RecordingRow.path).where(old)).all()
            for start in range(0, len(rows), CHUNK):
                some = [row.id for row in rows[start : start + CHUNK]]
                session.execute(delete(RecordingRow).where(RecordingRow.id.in_(some)))
        return [text_to_path(row.path) for row in rows]

    # Who does it

    def claim(self, model_id: str, path: Path | None = None) -> Claim | None:
        """The most urgent job that is ready now, or the one of the recording at `path` (whatever pause it is in);
        it is this worker's from here on. None when there is nothing to do."""
        now = self._clock()
        with self._database.writing() as session:
            self._take_over_from_the_dead(session, now)
            query = (
                select(JobRow, RecordingRow)
                .join(RecordingRow, RecordingRow.id == JobRow.recording_id)
                .where(JobRow.state == JobState.READY, JobRow.model_id == model_id)
                .order_by(JobRow.priority.desc(), JobRow.id)
                .limit(1)
            )
            if path is None:
                # A pause that was begun in the future ends now: the clock was set back since.
                query = query.where(or_(JobRow.not_before.is_(None), JobRow.not_before <= now, JobRow.updated_at > now))
            else:
                query = query.where(RecordingRow.path == path_to_text(path))
            found = session.execute(query).first()
            if found is None:
                return None
            job, recording = found
            job.state, job.worker = JobState.RUNNING, self.worker
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

    def heartbeat(self, claim: Claim) -> None:
        """The work advances. Raises `ClaimLostError` when it is no longer wanted of this worker."""
        with self._owned(claim) as job:
            job.heartbeat_at = self._clock()
            job.beat_boot, job.beat_s = self._beat()

    def finish(self, session: Session, claim: Claim, *, took_s: float | None = None) -> None:
        """The job is done: to be called in the transaction that writes its results, so that both are kept or
        neither. Raises `ClaimLostError`, which takes the results back."""
        job = _own(session, claim)
        job.took_s = took_s
        job.error = None
        job.waits, job.waits_for = 0, None
        _put_down(job, JobState.DONE, self._clock())

    def fail(self, claim: Claim, error: str, *, final: bool = False) -> bool:
        """The job failed. It is tried again after a pause, twice as long each time; once that is used up, or if
        `final`, it is set aside with `error`. True when it was set aside. Raises `ClaimLostError`."""
        with self._owned(claim) as job:
            return self._failed(job, error, self._clock(), final=final)

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
            _put_down(job, JobState.READY, now)

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
        for job in session.scalars(select(JobRow).where(JobRow.state == JobState.RUNNING)).all():
            if job.worker is None or is_dead(job.worker) or self._is_silent(job, now):
                if job.attempts > 1:
                    why = "the program ended without a word while at it"
                    self._failed(job, why, now, most=max(self._retries, MOST_DEATHS - 1))
                else:
                    _put_down(job, JobState.READY, now)
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
        _put_down(job, JobState.FAILED if final else JobState.READY, now)
        return final

    def _pause(self, attempts: int) -> timedelta:
        """Before the try that follows so many: doubles, and is a day at most."""
        doubled: timedelta = self._retry_pause * 2 ** min(max(attempts - 1, 0), 30)
        return min(doubled, LONGEST_PAUSE)

    @contextmanager
    def _owned(self, claim: Claim) -> Iterator[JobRow]:
        with self._database.writing() as session:
            yield _own(session, claim)


def _put_down(job: JobRow, state: JobState, now: datetime) -> None:
    """Nobody is at it any more."""
    job.state, job.updated_at = state, now
    job.worker = job.heartbeat_at = job.beat_boot = job.beat_s = None


def _own(session: Session, claim: Claim) -> JobRow:
    job = session.get(JobRow, claim.job_id)
    if job is None or job.state != JobState.RUNNING or job.worker != claim.worker:
        raise ClaimLostError(
            "is no longer this program's work: it changed, went away or was taken over", path=claim.path
        )
    return job


class _Shelf:
    """What the table holds on a chunk of findings, read at once, and the rules by which a finding is put there."""

    def __init__(self, session: Session, findings: Sequence[Finding], model_id: str, now: datetime) -> None:
        self._session, self._model_id, self._now = session, model_id, now
        paths = [path_to_text(finding.recording.path) for finding in findings]
        contents = [finding.content for finding in findings if finding.content]
        rows = session.scalars(
            select(RecordingRow).where(or_(RecordingRow.path.in_(paths), RecordingRow.content.in_(contents)))
        ).all()
        self._by_path = {row.path: row for row in rows}
        self._by_content: dict[str, list[RecordingRow]] = {}
        for row in rows:
            self._by_content.setdefault(row.content, []).append(row)
        ids = [row.id for row in rows]
        self._jobs: dict[int, list[JobRow]] = {}
        self._files: dict[int, list[FileRow]] = {}
        for start in range(0, len(ids), CHUNK):
            some = ids[start : start + CHUNK]
            for job in session.scalars(select(JobRow).where(JobRow.recording_id.in_(some))):
                self._jobs.setdefault(job.recording_id, []).append(job)
            for file in session.scalars(
                select(FileRow).where(FileRow.recording_id.in_(some)).order_by(FileRow.position)
            ):
                self._files.setdefault(file.recording_id, []).append(file)

    def put(self, findings: Sequence[Finding]) -> list[Outcome]:
        """Write the findings down: the recordings at once, then their files and jobs."""
        outcomes, placed = [], []
        for finding in findings:
            if self._is_outdated(finding):
                outcomes.append(Outcome.KNOWN)
                continue
            row, outcome = self._place(finding)
            placed.append((finding, row))
            outcomes.append(outcome)
        self._session.flush()  # Gives new rows their ids.
        for finding, row in placed:
            self._list_files(row, finding.recording)
            self._order(row, finding.content or NOT_SETTLED)
        return outcomes

    def _is_outdated(self, finding: Finding) -> bool:
        """Does it tell of what was, and not of what is? Whoever found it finds it again as it is."""
        present = signature(finding.recording.files)
        if finding.seen is not None and finding.seen != present:
            return True
        row = self._by_path.get(path_to_text(finding.recording.path))
        if row is None or finding.content is not None or finding.believed is None:
            return False
        # "Still being written" of what somebody else has found at rest meanwhile, and may be at work on.
        return row.deleted_at is None and row.content not in (NOT_SETTLED, finding.believed)

    def _place(self, finding: Finding) -> tuple[RecordingRow, Outcome]:
        """The recording's row: the one of its path, the one that has moved here, or a new one."""
        recording, content = finding.recording, finding.content or NOT_SETTLED
        text = path_to_text(recording.path)
        outcome, row = Outcome.KNOWN, self._by_path.get(text)
        if row is None or _is_placeholder(row):
            moved = self._moved_here(content)
            if moved is not None and row is not None:
                self._session.delete(row)
                self._session.flush()  # The path must be free before the moved row takes it.
            row = moved or row
            outcome = Outcome.MOVED if moved else outcome
            if moved is not None:
                self._by_path.pop(moved.path, None)
        if row is None:
            outcome = Outcome.NEW
            row = RecordingRow(found_at=self._now)
            self._session.add(row)
        elif outcome is Outcome.MOVED:
            pass
        elif row.deleted_at is not None:
            outcome = Outcome.RESTORED
        elif row.content not in (NOT_SETTLED, content):
            outcome = Outcome.CHANGED
        self._by_path[text] = row
        row.path, row.content, row.deleted_at = text, content, None
        row.recorder = recording.recorder
        row.mount = finding.mount or row.mount
        _describe(row, recording)
        return row, outcome

    def _moved_here(self, content: str) -> RecordingRow | None:
        """The recording with this content whose own path is empty now."""
        if content == NOT_SETTLED:
            return None
        for row in self._by_content.get(content, ()):
            if not os.path.lexists(text_to_path(row.path)):
                self._by_content[content].remove(row)
                return row
        return None

    def _list_files(self, row: RecordingRow, recording: Recording) -> None:
        present = signature(recording.files)
        listed = self._files.get(row.id, [])
        if [(file.path, file.size, file.mtime_ns) for file in listed] == list(present):
            return
        for file in listed:
            self._session.delete(file)
        if listed:
            self._session.flush()  # The old positions must be free before the new are taken.
        self._files[row.id] = [
            FileRow(recording_id=row.id, position=position, path=path, size=size, mtime_ns=mtime_ns)
            for position, (path, size, mtime_ns) in enumerate(present)
        ]
        self._session.add_all(self._files[row.id])

    def _order(self, row: RecordingRow, content: str) -> None:
        """See that exactly the job for `content` under the model is to be done, unless it was."""
        jobs = self._jobs.setdefault(row.id, [])
        wanted = next((job for job in jobs if job.content == content and job.model_id == self._model_id), None)
        for job in list(jobs):
            if job is wanted or job.state == JobState.GONE:
                continue
            if job.state == JobState.WAITING:
                self._session.delete(job)
                jobs.remove(job)
            elif job.state != JobState.DONE or (job.content != content and content != NOT_SETTLED):
                # Work on what is no longer there; a worker notices at its next heartbeat.
                _put_down(job, JobState.GONE, self._now)
        state = JobState.READY if content != NOT_SETTLED else JobState.WAITING
        if wanted is None:
            job = JobRow(
                recording_id=row.id,
                content=content,
                model_id=self._model_id,
                state=state,
                priority=self._priority(row),
                attempts=0,
                created_at=self._now,
                updated_at=self._now,
            )
            self._session.add(job)
            jobs.append(job)
        elif wanted.state == JobState.GONE:
            wanted.state, wanted.attempts, wanted.not_before, wanted.error = state, 0, None, None
            wanted.waits, wanted.waits_for = 0, None
            wanted.updated_at = self._now

    def _priority(self, row: RecordingRow) -> int:
        """Newest first; what has results of another model for this content comes last."""
        files = self._files[row.id]
        newest = max((file.mtime_ns for file in files), default=0) // 1_000_000_000
        begun = int(row.started_at.timestamp()) if row.started_at else newest
        has_results = row.model_id is not None and row.model_id != self._model_id
        return begun - (ARCHIVE_OFFSET if has_results else 0)


def _is_placeholder(row: RecordingRow) -> bool:
    """Is nothing known of it but that it is being written, or was just moved here?"""
    return row.content == NOT_SETTLED and row.scanned_at is None


def _describe(row: RecordingRow, recording: Recording) -> None:
    """What its recorder tells of it. Of one that was heard, what guides told stays where the recorder tells nothing;
    so does when it began, which was weighed then."""
    heard = row.scanned_at is not None
    programme = recording.programme
    if programme is not None or not heard:
        row.title = recording.title.encode("utf-8", "backslashreplace").decode()
        row.subtitle = programme.subtitle if programme else None
        row.channel = programme.channel if programme else None
    if recording.started_at is not None and not (heard and row.started_at is not None):
        row.started_at = recording.started_at


def signature(files: Iterable[Path]) -> tuple[tuple[str, int, int], ...]:
    """Path, bytes and modification time (ns) of each file: differs when any was written to. A file that has
    vanished counts as empty."""
    found = []
    for file in files:
        try:
            stat = file.stat()
            found.append((path_to_text(file), stat.st_size, stat.st_mtime_ns))
        except OSError:
            found.append((path_to_text(file), 0, 0))
    return tuple(found)
