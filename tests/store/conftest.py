"""A database of its own for every test, and both sides of its job table."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.job_table import Clock

from voicemark.store.database import Database, open_database
from voicemark.store.inventory import Inventory
from voicemark.store.jobs import Jobs
from voicemark.store.workers import worker_id


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = open_database(tmp_path / "voicemark.db")
    yield opened
    opened.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def inventory(database: Database, clock: Clock) -> Inventory:
    return Inventory(database, clock=clock)


@pytest.fixture
def jobs(database: Database, clock: Clock) -> Jobs:
    return Jobs(database, retries=2, retry_pause_s=100, clock=clock, worker=worker_id())
