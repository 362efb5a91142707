"""What was found in folders, and which rows of the database that is: recordings, their files and their jobs.

Recordings are known by the fingerprint of their content, so that a rename keeps their markers. Each that is there gets
the one job that its content needs under the present model.
"""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from voicemark.named import named
from voicemark.patience import NoAnswerError, is_there, status
from voicemark.recording import Recording
from voicemark.store.jobs import JobState, put_down
from voicemark.store.paths import path_to_text, text_to_path
from voicemark.store.schema import FileRow, JobRow, RecordingRow

NOT_SETTLED = ""
"""The content of a recording that is still being written."""

ARCHIVE_OFFSET = 1 << 33
"""Taken from the priority of what has results of an older model already: behind every recording that has none."""

CHUNK = 500
"""Findings written in one transaction; SQLite takes at least 999 values in a statement."""


class Outcome(StrEnum):
    """What a finding turned out to be."""

    NEW = "new"
    KNOWN = "known"
    MOVED = "moved"
    CHANGED = "changed"
    RESTORED = "restored"
    """It was deleted and is back."""


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


class Reconciliation:
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

    def write_down(self, findings: Sequence[Finding]) -> list[Outcome]:
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
            moved = self._moved_here(content, recording.path)
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

    def _moved_here(self, content: str, path: Path) -> RecordingRow | None:
        """The recording with this content whose own path is empty now, or names `path` in a roundabout way: older
        versions kept a `..` that they were told."""
        if content == NOT_SETTLED:
            return None
        for row in self._by_content.get(content, ()):
            with suppress(NoAnswerError):
                before = text_to_path(row.path)
                if named(before) == path or not is_there(before):
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
                put_down(job, JobState.GONE, self._now)
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


LATEST_NS = (1 << 63) - 1
"""Some disks keep later times, SQLite does not: the year 2262."""


def signature(files: Iterable[Path]) -> tuple[tuple[str, int, int], ...]:
    """Path, bytes and modification time (ns) of each file: differs when any was written to. A file that has
    vanished counts as empty."""
    found = []
    for file in files:
        try:
            stat = status(file)
            found.append((path_to_text(file), stat.st_size, max(-LATEST_NS, min(stat.st_mtime_ns, LATEST_NS))))
        except OSError:
            found.append((path_to_text(file), 0, 0))
    return tuple(found)
