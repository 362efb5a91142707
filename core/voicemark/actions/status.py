"""How far the work is: the job table in a few numbers, for people, for scripts and for Prometheus."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from prometheus_client import CollectorRegistry, Gauge, generate_latest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from voicemark.errors import ExportError
from voicemark.export.files import read_present, write_atomically
from voicemark.store.cluster_workers import ClusterWorker, read_cluster_workers
from voicemark.store.database import Database
from voicemark.store.jobs import STALE, JobState
from voicemark.store.paths import text_to_path
from voicemark.store.schema import FileRow, JobRow, MarkerRow, RecordingRow
from voicemark.store.waiting import Waiting, read_waiting

SPEED_OVER = timedelta(days=7)
"""The speed is that of the jobs done in so long; of all of them if there were none."""


@dataclass(frozen=True)
class SetAside:
    """A recording that is not tried any more, and what makes it tried again."""

    recording: Path
    error: str
    attempts: int
    retry: str


@dataclass(frozen=True)
class OutOfReach:
    """A recording that waits for its disk, its rights or its file, and is tried again by itself."""

    recording: Path
    waits_for: str
    tried: int


@dataclass(frozen=True)
class Held:
    """A recording that is being heard: whose work it is, and until when that is taken for granted."""

    recording: Path
    owner: str
    """Host, boot and process, see `voicemark.store.workers`."""
    machine: str | None
    """Where it is heard, if not by the owner itself: a worker of a cluster."""
    lease_until: datetime | None
    """Without a further sign of life anybody may take it over then; one whose process has ended, at once."""
    heard_s: float | None
    """So much of it had been heard at the last sign of life; None before the first."""


@dataclass(frozen=True)
class Status:
    """The state of a database. Hours are of recordings, not of work."""

    queue: dict[str, int]
    """Jobs by state; every state is there. Deleted recordings are not counted."""
    recordings: int
    deleted: int
    markers: int
    hours_done: float
    hours_to_do: float | None
    """Estimated from file sizes; None while nothing has been done to estimate from."""
    speed: float | None
    """Hours of recordings done in an hour of work (× real time)."""
    working_on: tuple[Path, ...]
    held: tuple[Held, ...]
    """The same, and who is at it."""
    workers: tuple[ClusterWorker, ...]
    """Of a cluster, while something is being given to them."""
    last_done: datetime | None
    last_error: str | None
    last_error_at: datetime | None
    set_aside: tuple[SetAside, ...]
    waiting: tuple[Waiting, ...]
    """What cannot be done at present and is tried again by itself: the queue, a configuration, a voice, a folder."""
    out_of_reach: tuple[OutOfReach, ...]


def read_status(database: Database, *, now: datetime | None = None) -> Status:
    """The state of `database`; does not write to it. Raises `DatabaseError`."""
    now = now or datetime.now(UTC)
    with database.reading() as session:
        present = RecordingRow.deleted_at.is_(None)
        joined = select(JobRow.state, func.count()).join(RecordingRow, RecordingRow.id == JobRow.recording_id)
        counts = {row[0]: row[1] for row in session.execute(joined.where(present).group_by(JobRow.state))}
        to_do = (JobState.WAITING, JobState.READY, JobState.RUNNING)
        bytes_done, seconds_done = _done(session)
        bytes_to_do = session.scalar(
            select(func.sum(FileRow.size)).where(
                FileRow.recording_id.in_(select(JobRow.recording_id).where(JobRow.state.in_(to_do)))
            )
        )
        last_error = session.execute(
            select(JobRow.error, JobRow.updated_at)
            .where(JobRow.error.is_not(None), JobRow.state.in_((JobState.READY, JobState.FAILED)))
            .order_by(JobRow.updated_at.desc())
            .limit(1)
        ).first()
        held = tuple(_held(session))
        return Status(
            queue={state.value: counts.get(state.value, 0) for state in JobState if state is not JobState.GONE},
            recordings=session.scalar(select(func.count()).select_from(RecordingRow).where(present)) or 0,
            deleted=session.scalar(select(func.count()).select_from(RecordingRow).where(~present)) or 0,
            markers=session.scalar(select(func.count()).select_from(MarkerRow)) or 0,
            hours_done=seconds_done / 3600,
            hours_to_do=_hours_to_do(bytes_to_do or 0, bytes_done, seconds_done),
            speed=_speed(session, now - SPEED_OVER) or _speed(session, None),
            working_on=tuple(one.recording for one in held),
            held=held,
            workers=tuple(read_cluster_workers(session)),
            last_done=session.scalar(select(func.max(RecordingRow.scanned_at))),
            last_error=last_error.error if last_error else None,
            last_error_at=last_error.updated_at if last_error else None,
            set_aside=tuple(_set_aside(session)),
            waiting=tuple(read_waiting(session)),
            out_of_reach=tuple(_out_of_reach(session)),
        )


def write_metrics(database: Database, path: Path) -> None:
    """Write the state of `database` to `path` for node_exporter's textfile collector; the file is replaced whole.

    Raises `DatabaseError`, and `ExportError` when the file cannot be written.
    """
    status = read_status(database)
    registry = CollectorRegistry()

    def gauge(name: str, help_text: str, value: float | None) -> None:
        if value is not None:
            Gauge(f"voicemark_{name}", help_text, registry=registry).set(value)

    jobs = Gauge("voicemark_jobs", "Jobs by state.", ["state"], registry=registry)
    for state, count in status.queue.items():
        jobs.labels(state).set(count)
    gauge("recordings", "Recordings that are there.", status.recordings)
    gauge("recordings_deleted", "Recordings that were deleted and whose markers are kept.", status.deleted)
    gauge("markers", "Markers in the database.", status.markers)
    gauge("done_seconds", "Seconds of recordings that have been heard.", status.hours_done * 3600)
    gauge(
        "to_do_seconds",
        "Seconds of recordings still to be heard (estimated from file sizes).",
        None if status.hours_to_do is None else status.hours_to_do * 3600,
    )
    gauge("speed_ratio", "Seconds of recordings heard in a second of work.", status.speed)
    gauge(
        "last_done_timestamp_seconds",
        "When a recording was last done.",
        status.last_done.timestamp() if status.last_done else None,
    )
    try:
        write_atomically(path, generate_latest(registry), present=read_present(path))
    except ExportError as error:
        raise ExportError(f"the metrics file {error.what}", path=path, hint="see [service] metrics_file") from error


def _done(session: Session) -> tuple[int, float]:
    """Bytes and seconds of recordings that have been scanned and are there."""
    scanned = select(RecordingRow.id).where(RecordingRow.duration_s.is_not(None), RecordingRow.deleted_at.is_(None))
    size = session.scalar(select(func.sum(FileRow.size)).where(FileRow.recording_id.in_(scanned)))
    seconds = session.scalar(select(func.sum(RecordingRow.duration_s)).where(RecordingRow.id.in_(scanned)))
    return size or 0, seconds or 0.0


def _hours_to_do(bytes_to_do: int, bytes_done: int, seconds_done: float) -> float | None:
    if not bytes_to_do:
        return 0.0
    return bytes_to_do / bytes_done * seconds_done / 3600 if bytes_done and seconds_done else None


def _speed(session: Session, since: datetime | None) -> float | None:
    query = (
        select(func.sum(RecordingRow.duration_s), func.sum(JobRow.took_s))
        .join(JobRow, JobRow.recording_id == RecordingRow.id)
        .where(JobRow.state == JobState.DONE, JobRow.took_s.is_not(None), JobRow.content == RecordingRow.content)
    )
    if since is not None:
        query = query.where(JobRow.updated_at >= since)
    heard_s, took_s = session.execute(query).one()
    return heard_s / took_s if heard_s and took_s else None


def _set_aside(session: Session) -> list[SetAside]:
    rows = session.execute(
        select(RecordingRow.path, JobRow.error, JobRow.attempts)
        .join(JobRow, JobRow.recording_id == RecordingRow.id)
        .where(JobRow.state == JobState.FAILED, RecordingRow.deleted_at.is_(None))
        .order_by(JobRow.updated_at.desc())
    )
    return [
        SetAside(text_to_path(path), error or "", attempts, f"voicemark retry {_quoted(path)}")
        for path, error, attempts in rows
    ]


def _out_of_reach(session: Session) -> list[OutOfReach]:
    rows = session.execute(
        select(RecordingRow.path, JobRow.waits_for, JobRow.waits)
        .join(JobRow, JobRow.recording_id == RecordingRow.id)
        .where(JobRow.state == JobState.READY, JobRow.waits_for.is_not(None), RecordingRow.deleted_at.is_(None))
        .order_by(RecordingRow.path)
    )
    return [OutOfReach(text_to_path(path), why or "", tried) for path, why, tried in rows]


def _held(session: Session) -> list[Held]:
    rows = session.execute(
        select(RecordingRow.path, JobRow.worker, JobRow.machine, JobRow.heartbeat_at, JobRow.heard_s)
        .join(JobRow, JobRow.recording_id == RecordingRow.id)
        .where(JobRow.state == JobState.RUNNING)
        .order_by(RecordingRow.path)
    )
    return [
        Held(text_to_path(path), owner or "", machine, None if beat is None else beat + STALE, heard_s)
        for path, owner, machine, beat, heard_s in rows
    ]


def _quoted(text: str) -> str:
    """For a shell; `voicemark retry` takes the spelling `\\udcXX` of bytes that are not UTF-8."""
    return "'" + text.replace("'", "'\\''") + "'"
