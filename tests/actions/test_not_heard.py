"""What becomes of the job of a recording that could not be heard, by whose trouble it was."""

from pathlib import Path

import pytest
from sqlalchemy import select
from support.job_table import MODEL, write

from voicemark.actions.not_heard import not_heard
from voicemark.errors import (
    Follows,
    NoAudioError,
    RecordingError,
    RecordingUnreadableError,
    RecordingVanishedError,
    ToolError,
    what_follows,
)
from voicemark.store.database import open_database
from voicemark.store.inventory import Inventory
from voicemark.store.jobs import Jobs
from voicemark.store.schema import JobRow

CASES = [
    (RecordingUnreadableError("cannot be read"), Follows.WAITS, ("ready", 0, True)),
    (RecordingVanishedError("is gone"), Follows.WAITS, ("ready", 0, True)),
    (MemoryError(), Follows.WAITS, ("ready", 0, True)),
    (ToolError("ffmpeg is not installed"), Follows.ALL_WAITS, ("ready", 0, True)),
    (RecordingError("is no recording"), Follows.RETRIED, ("ready", 1, False)),
    (NoAudioError("is scrambled"), Follows.ASIDE, ("failed", 1, False)),
    (KeyError("x"), Follows.ASIDE, ("failed", 1, False)),
]


@pytest.mark.parametrize(("error", "follows", "job"), CASES, ids=lambda value: type(value).__name__)
def test_whose_trouble_it_was_decides(
    error: Exception,
    follows: Follows,
    job: tuple[str, int, bool],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    database = open_database(tmp_path / "v.db")
    jobs = Jobs(database, retries=1, retry_pause_s=0.0)
    Inventory(database).found([write(tmp_path, "a.ts")], MODEL)
    claim = jobs.claim(MODEL)
    assert claim is not None and what_follows(error) is follows
    assert not_heard(claim, error, jobs) is (Follows.WAITS if follows is Follows.ALL_WAITS else follows)
    with database.reading() as session:
        row = session.scalars(select(JobRow)).one()
        assert (row.state, row.attempts, row.waits_for is not None) == job
    assert ("an error of voicemark itself" in caplog.text) == isinstance(error, KeyError)
    if follows is Follows.RETRIED:
        again = jobs.claim(MODEL)
        assert again is not None and not_heard(again, error, jobs) is Follows.ASIDE
    database.close()
