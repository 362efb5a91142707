"""Which recordings there are, as far as the database knows, and what becomes of those whose files are gone.

How a recording that was found is told from the others is in `voicemark.store.findings`; who works on it, and when, in
`voicemark.store.jobs`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import delete, or_, select, update

from voicemark.store.database import Database
from voicemark.store.findings import CHUNK, Finding, Outcome, Reconciliation
from voicemark.store.jobs import JobState, utc_now
from voicemark.store.paths import path_to_text, text_to_path
from voicemark.store.schema import FileRow, JobRow, RecordingRow


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


class Inventory:
    """The recordings that a database knows, and what becomes of them as their files come, change, move and go.

    Every method is a transaction of its own. All raise `DatabaseError` when the database cannot be used.
    """

    def __init__(self, database: Database, *, clock: Callable[[], datetime] = utc_now) -> None:
        """`clock` dates rows, and tells for how long a recording has been gone."""
        self._database, self._clock = database, clock

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
                reconciliation = Reconciliation(session, chunk, model_id, self._clock())
                outcomes += reconciliation.write_down(chunk)
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
                        state=JobState.GONE,
                        worker=None,
                        machine=None,
                        heartbeat_at=None,
                        beat_boot=None,
                        beat_s=None,
                        updated_at=now,
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
