"""How far the work is: the job table in a few numbers, for people and for scripts.

It is asked often, so it is asked in plain SQL.
"""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from voicemark.store.cluster_workers import ClusterWorker, read_cluster_workers
from voicemark.store.job_states import STALE, JobState
from voicemark.store.moments import kept, moment, moment_or_none
from voicemark.store.paths import text_to_path
from voicemark.store.reader import Readable
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
    numerics: dict[str, int]
    """How many recordings were heard in which numbers, those that are not known under `unknown`."""
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


_JOBS = "jobs j JOIN recordings r ON r.id = j.recording_id"
_COUNTS = f"SELECT j.state, count(*) FROM {_JOBS} WHERE r.deleted_at IS NULL GROUP BY j.state"
_BYTES_TO_DO = """
SELECT sum(size) FROM recording_files
 WHERE recording_id IN (SELECT recording_id FROM jobs WHERE state IN ('waiting', 'ready', 'running'))
"""
_SECONDS_DONE = "SELECT sum(duration_s) FROM recordings WHERE duration_s IS NOT NULL AND deleted_at IS NULL"
_BYTES_DONE = """
SELECT sum(size) FROM recording_files
 WHERE recording_id IN (SELECT id FROM recordings WHERE duration_s IS NOT NULL AND deleted_at IS NULL)
"""
_LAST_ERROR = """
SELECT error, updated_at FROM jobs WHERE error IS NOT NULL AND state IN ('ready', 'failed')
 ORDER BY updated_at DESC LIMIT 1
"""
_NUMERICS = """
SELECT coalesce(numerics, 'unknown'), count(*) FROM recordings
 WHERE deleted_at IS NULL AND scanned_at IS NOT NULL GROUP BY 1 ORDER BY 1
"""
_SPEED = f"""
SELECT sum(r.duration_s), sum(j.took_s) FROM {_JOBS}
 WHERE j.state = 'done' AND j.took_s IS NOT NULL AND j.content = r.content AND j.updated_at >= ?
"""
_SET_ASIDE = f"""
SELECT r.path, j.error, j.attempts FROM {_JOBS} WHERE j.state = 'failed' AND r.deleted_at IS NULL
 ORDER BY j.updated_at DESC
"""
_OUT_OF_REACH = f"""
SELECT r.path, j.waits_for, j.waits FROM {_JOBS}
 WHERE j.state = 'ready' AND j.waits_for IS NOT NULL AND r.deleted_at IS NULL ORDER BY r.path
"""
_HELD = f"""
SELECT r.path, j.worker, j.machine, j.heartbeat_at, j.heard_s FROM {_JOBS} WHERE j.state = 'running' ORDER BY r.path
"""


def read_status(database: Readable, *, now: datetime | None = None) -> Status:
    """The state of `database`; does not write to it. Raises `DatabaseError`."""
    now = now or datetime.now(UTC)
    with database.snapshot() as connection:

        def one(query: str) -> Any:
            return connection.execute(query).fetchone()[0]

        counts: dict[str, int] = dict(connection.execute(_COUNTS))
        bytes_done, seconds_done = one(_BYTES_DONE) or 0, one(_SECONDS_DONE) or 0.0
        error, error_at = connection.execute(_LAST_ERROR).fetchone() or (None, None)
        held = tuple(_held(connection))
        return Status(
            queue={state.value: counts.get(state.value, 0) for state in JobState if state is not JobState.GONE},
            recordings=one("SELECT count(*) FROM recordings WHERE deleted_at IS NULL"),
            deleted=one("SELECT count(*) FROM recordings WHERE deleted_at IS NOT NULL"),
            markers=one("SELECT count(*) FROM markers"),
            numerics=dict(connection.execute(_NUMERICS)),
            hours_done=seconds_done / 3600,
            hours_to_do=_hours_to_do(one(_BYTES_TO_DO) or 0, bytes_done, seconds_done),
            speed=_speed(connection, kept(now - SPEED_OVER)) or _speed(connection, ""),
            working_on=tuple(work.recording for work in held),
            held=held,
            workers=tuple(read_cluster_workers(connection)),
            last_done=moment_or_none(one("SELECT max(scanned_at) FROM recordings")),
            last_error=error,
            last_error_at=moment_or_none(error_at),
            set_aside=tuple(_set_aside(connection)),
            waiting=tuple(read_waiting(connection)),
            out_of_reach=tuple(
                OutOfReach(text_to_path(path), why, tried) for path, why, tried in connection.execute(_OUT_OF_REACH)
            ),
        )


def _hours_to_do(bytes_to_do: int, bytes_done: int, seconds_done: float) -> float | None:
    if not bytes_to_do:
        return 0.0
    return bytes_to_do / bytes_done * seconds_done / 3600 if bytes_done and seconds_done else None


def _speed(connection: sqlite3.Connection, since: str) -> float | None:
    heard_s, took_s = connection.execute(_SPEED, (since,)).fetchone()
    return heard_s / took_s if heard_s and took_s else None


def _set_aside(connection: sqlite3.Connection) -> Iterator[SetAside]:
    for path, error, attempts in connection.execute(_SET_ASIDE):
        yield SetAside(text_to_path(path), error or "", attempts, f"voicemark retry {_quoted(path)}")


def _held(connection: sqlite3.Connection) -> Iterator[Held]:
    for path, owner, machine, beat, heard_s in connection.execute(_HELD):
        yield Held(text_to_path(path), owner or "", machine, None if beat is None else moment(beat) + STALE, heard_s)


def _quoted(text: str) -> str:
    """For a shell; `voicemark retry` takes the spelling `\\udcXX` of bytes that are not UTF-8."""
    return "'" + text.replace("'", "'\\''") + "'"
