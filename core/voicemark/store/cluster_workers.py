"""The workers of a cluster, as the run that gives them recordings sees them: written down for `voicemark status`."""

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from voicemark.store.moments import kept, moment, moment_or_none
from voicemark.store.paths import path_to_text, text_to_path
from voicemark.store.workers import is_dead

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

_COLUMNS = "name, host, program, model_id, recording, since, heard_s, took_s, seen_at, failed_in_a_row, trouble"


@dataclass(frozen=True)
class ClusterWorker:
    """One worker."""

    name: str
    host: str
    program: str
    """The version of voicemark that it has."""
    model_id: str
    recording: Path | None
    """What it hears now."""
    since: datetime | None
    heard_s: float
    took_s: float
    seen_at: datetime
    """Its last sign of life."""
    failed_in_a_row: int
    trouble: str | None
    """Why it is given nothing at present."""

    @property
    def speed(self) -> float | None:
        """Seconds of recordings heard in a second of work."""
        return self.heard_s / self.took_s if self.heard_s and self.took_s else None


def write_cluster_workers(session: "Session", run: str, workers: Iterable[ClusterWorker]) -> None:
    """In place of what `run` wrote before; what runs left behind that have died goes, too."""
    connection = session.connection()
    for (other,) in connection.exec_driver_sql("SELECT DISTINCT run FROM cluster_workers").all():
        if other == run or is_dead(other):
            connection.exec_driver_sql("DELETE FROM cluster_workers WHERE run = ?", (other,))
    for one in workers:
        recording = None if one.recording is None else path_to_text(one.recording)
        since = None if one.since is None else kept(one.since)
        heard = (recording, since, one.heard_s, one.took_s, kept(one.seen_at), one.failed_in_a_row, one.trouble)
        connection.exec_driver_sql(
            f"REPLACE INTO cluster_workers (run, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (run, one.name, one.host, one.program, one.model_id, *heard),
        )


def read_cluster_workers(connection: sqlite3.Connection) -> list[ClusterWorker]:
    """Those of runs that may still live, by name."""
    rows = connection.execute(f"SELECT run, {_COLUMNS} FROM cluster_workers ORDER BY name")
    return [_worker(*row[1:]) for row in rows if not is_dead(row[0])]


def _worker(
    name: str, host: str, program: str, model_id: str, recording: str | None, since: str | None, heard_s: float,
    took_s: float, seen_at: str, failed_in_a_row: int, trouble: str | None,
) -> ClusterWorker:  # fmt: skip
    path = None if recording is None else text_to_path(recording)
    began = moment_or_none(since)
    return ClusterWorker(
        name, host, program, model_id, path, began, heard_s, took_s, moment(seen_at), failed_in_a_row, trouble
    )
