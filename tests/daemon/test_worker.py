"""The worker within a recording: it keeps still when a reason to appears there, and goes on where it was."""

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select
from support.service import PATIENCE_S, make_recording
from support.speech import tune

from voicemark.config import Config
from voicemark.pipeline import content_of
from voicemark.recorders import recorder_for
from voicemark.store.database import Database, open_database
from voicemark.store.findings import Finding
from voicemark.store.inventory import Inventory
from voicemark.store.jobs import Jobs, JobState
from voicemark.store.schema import JobRow
from voicemarkd.recogniser import CurrentRecogniser
from voicemarkd.throttle import Manners
from voicemarkd.worker import Worker

SECONDS = 75.0  # two blocks and a half


def wait(condition: Callable[[], bool], worker: Worker) -> None:
    ends = time.monotonic() + PATIENCE_S
    while not condition():
        assert worker.is_alive(), worker.doing
        assert time.monotonic() < ends, worker.doing
        time.sleep(0.02)


def job(database: Database) -> tuple[str, int]:
    with database.reading() as session:
        row = session.scalars(select(JobRow)).one()
        return str(row.state), row.attempts


@pytest.fixture
def config(tmp_path: Path) -> Config:
    (tmp_path / "video").mkdir()
    return Config.model_validate(
        {
            "database": {"url": f"sqlite:///{tmp_path}/voicemark.db"},
            "encoder": {"device": "cpu"},
            "watch": [{"path": tmp_path / "video"}],
            "service": {"max_load": 2.0, "inhibit_shutdown": False},
        }
    )


def test_a_reason_to_pause_that_appears_within_a_recording_is_heeded(config: Config) -> None:
    video = config.watch[0].path
    make_recording(video / "long.ts", [np.resize(tune(8), round(SECONDS * 16_000))])
    database, busy, paused_at = open_database(config.database.path), True, list[str]()
    jobs, recorder = Jobs(database), recorder_for(config.watch[0])
    recogniser = CurrentRecogniser(config, database)

    def load() -> float:
        """Somebody else begins to work while the recording is being heard, after its first block."""
        begun = ", at " in worker.doing or bool(paused_at)
        if begun and busy and worker.doing not in paused_at:
            paused_at.append(worker.doing)
        return 9.0 if begun and busy else 0.0

    worker = Worker(
        database,
        jobs,
        recogniser,
        Manners(config.service, recording=lambda: False, load=load),
        lambda _: recorder,
        hint=lambda _: None,
        changed=lambda _: None,
    )
    recording = recorder.read(video / "long.ts")
    Inventory(database).found([Finding(recording, content_of(recording))], recogniser.model_id)
    worker.start()
    try:
        wait(lambda: worker.doing.startswith("pausing") or worker.doing == "idle", worker)
        assert worker.doing == "pausing within long.ts: the load is 9.0"
        assert paused_at[0].startswith("hearing long.ts, at ")
        worker.wake()  # It looks again, and the reason is still there.
        wait(lambda: len(paused_at) > 1, worker)
        assert job(database) == (JobState.RUNNING, 1)
        busy = False
        worker.wake()
        wait(lambda: job(database) == (JobState.DONE, 1), worker)
    finally:
        worker.end()
        worker.join()
        database.close()
