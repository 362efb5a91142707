"""The workers of a cluster, as the run that gives them recordings sees them: written down for `voicemark status`."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from voicemark.store.paths import path_to_text, text_to_path
from voicemark.store.schema import ClusterWorkerRow
from voicemark.store.workers import is_dead


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


def write_cluster_workers(session: Session, run: str, workers: Iterable[ClusterWorker]) -> None:
    """In place of what `run` wrote before; what runs left behind that have died goes, too."""
    for other in session.scalars(select(ClusterWorkerRow.run).distinct()).all():
        if other == run or is_dead(other):
            session.execute(delete(ClusterWorkerRow).where(ClusterWorkerRow.run == other))
    for one in workers:
        session.merge(
            ClusterWorkerRow(
                name=one.name,
                run=run,
                host=one.host,
                program=one.program,
                model_id=one.model_id,
                recording=None if one.recording is None else path_to_text(one.recording),
                since=one.since,
                heard_s=one.heard_s,
                took_s=one.took_s,
                seen_at=one.seen_at,
                failed_in_a_row=one.failed_in_a_row,
                trouble=one.trouble,
            )
        )


def read_cluster_workers(session: Session) -> list[ClusterWorker]:
    """Those of runs that may still live, by name."""
    rows = session.scalars(select(ClusterWorkerRow).order_by(ClusterWorkerRow.name))
    return [
        ClusterWorker(
            name=row.name,
            host=row.host,
            program=row.program,
            model_id=row.model_id,
            recording=None if row.recording is None else text_to_path(row.recording),
            since=row.since,
            heard_s=row.heard_s,
            took_s=row.took_s,
            seen_at=row.seen_at,
            failed_in_a_row=row.failed_in_a_row,
            trouble=row.trouble,
        )
        for row in rows
        if not is_dead(row.run)
    ]
