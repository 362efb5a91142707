"""Recordings on disk for the tables of the store, a clock for their dates, and what the job table says of them."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import select

from voicemark.recording import Recording, fingerprint
from voicemark.store.database import Database
from voicemark.store.findings import Finding
from voicemark.store.jobs import Jobs
from voicemark.store.schema import JobRow, RecordingRow

MODEL = "encoder-a"
START = datetime(2026, 3, 1, 20, 15, tzinfo=UTC)


class Clock:
    """Time that passes when told to."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def pass_s(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


def write(folder: Path, name: str, content: str | None = None) -> Finding:
    """A recording on disk with `content` (its own name by default), settled."""
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content or name)
    return seen(file)


def seen(file: Path, *, settled: bool = True, started_at: datetime | None = None) -> Finding:
    recording = Recording(path=file, recorder="plain", files=(file,), started_at=started_at)
    return Finding(recording, fingerprint([file]) if settled else None)


def states(database: Database) -> Counter[tuple[str, str]]:
    with database.reading() as session:
        rows = session.execute(
            select(RecordingRow.path, JobRow.state).join(JobRow, JobRow.recording_id == RecordingRow.id)
        )
        return Counter((Path(path).name, state) for path, state in rows)


def do(jobs: Jobs, database: Database) -> str | None:
    """Do the next job; the name of its recording."""
    claim = jobs.claim(MODEL)
    if claim is None:
        return None
    with database.writing() as session:
        jobs.finish(session, claim)
    return claim.path.name
