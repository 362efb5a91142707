"""The status tells of the workers of runs that live."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from voicemark.store.cluster_workers import ClusterWorker, read_cluster_workers, write_cluster_workers
from voicemark.store.database import Database
from voicemark.store.workers import worker_id

NOW = datetime(2026, 3, 1, 20, 15, tzinfo=UTC)
BUSY = ClusterWorker("box-1", "box", "0.1.0", "vm3-1", Path("/v/Fön\udcff.ts"), NOW, 7200.0, 72.0, NOW, 2, "is away")
IDLE = replace(BUSY, name="box-2", recording=None, since=None, heard_s=0.0, took_s=0.0, failed_in_a_row=0, trouble=None)


def test_workers_are_told_as_they_are_until_they_leave(database: Database) -> None:
    run = worker_id()
    with database.writing() as session:
        write_cluster_workers(session, run, [BUSY, IDLE])
    with database.snapshot() as connection:
        assert read_cluster_workers(connection) == [BUSY, IDLE]
    assert (BUSY.speed, IDLE.speed) == (100.0, None)
    with database.writing() as session:
        write_cluster_workers(session, run, [IDLE])
    with database.snapshot() as connection:
        assert read_cluster_workers(connection) == [IDLE]


def test_workers_of_a_run_that_died_are_not_told_of_and_go_with_the_next(database: Database) -> None:
    host, _, started = worker_id().rsplit(":", 2)
    with database.writing() as session:
        write_cluster_workers(session, f"{host}:4194305:{started}", [BUSY])
    with database.snapshot() as connection:
        assert read_cluster_workers(connection) == []
    with database.writing() as session:
        write_cluster_workers(session, worker_id(), [IDLE])
    with database.snapshot() as connection:
        assert read_cluster_workers(connection) == [IDLE]
