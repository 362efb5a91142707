"""The state of the work in numbers, as people, scripts and Prometheus get it, and trying again what was set aside."""

import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select
from support.disks import mounted
from typer.testing import CliRunner

from voicemark.actions.metrics import write_metrics
from voicemark.actions.status import read_status
from voicemark.cli.main import app
from voicemark.errors import VoicemarkError
from voicemark.recording import Recording
from voicemark.store.database import Database, open_database
from voicemark.store.findings import Finding
from voicemark.store.inventory import Inventory
from voicemark.store.jobs import Jobs
from voicemark.store.schema import RecordingRow

MODEL = "encoder-a"


@pytest.fixture
def database(tmp_path: Path) -> Database:
    """Four recordings of equal size: one done (an hour, in 30 s), one running, one ready, one set aside."""
    database = open_database(tmp_path / "voicemark.db")
    jobs = Jobs(database, retries=0)
    for day, name in enumerate(("ready.ts", "running.ts", "it's broken.ts", "done.ts"), start=1):
        (tmp_path / name).write_bytes(b"x" * 1000)
        started_at = datetime(2026, 3, day, tzinfo=UTC)
        recording = Recording(tmp_path / name, "plain", (tmp_path / name,), started_at=started_at)
        Inventory(database).found([Finding(recording, name)], MODEL)
    done = jobs.claim(MODEL)
    assert done is not None and done.path.name == "done.ts"
    with database.writing() as session:
        row = session.scalars(select(RecordingRow).where(RecordingRow.id == done.recording_id)).one()
        row.duration_s, row.scanned_at, row.model_id = 3600.0, datetime.now(UTC), MODEL
        jobs.finish(session, done, took_s=30.0)
    broken = jobs.claim(MODEL)
    assert broken is not None
    jobs.fail(broken, "no audio came")
    assert jobs.claim(MODEL) is not None
    return database


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "config.toml"
    path.write_text('[database]\nurl = "sqlite:///voicemark.db"\n')
    return path


def test_the_state_counts_estimates_and_says_how_to_go_on(database: Database, tmp_path: Path) -> None:
    status = read_status(database)
    assert status.queue == {"waiting": 0, "ready": 1, "running": 1, "done": 1, "failed": 1}
    assert status.recordings == 4
    assert status.hours_done == 1.0 and status.numerics == {"unknown": 1}
    assert status.hours_to_do == pytest.approx(2.0)
    assert status.speed == pytest.approx(120.0)
    assert status.working_on == (tmp_path / "running.ts",)
    assert status.last_error == "no audio came"
    (aside,) = status.set_aside
    assert aside.recording.name == "it's broken.ts"
    assert aside.retry == f"voicemark retry '{tmp_path}/it'\\''s broken.ts'"


def test_an_empty_database_has_a_state_too(tmp_path: Path) -> None:
    status = read_status(open_database(tmp_path / "empty.db"))
    assert status.hours_to_do == 0.0
    assert status.speed is None and status.last_done is None


def test_metrics_are_what_the_textfile_collector_reads(database: Database, tmp_path: Path) -> None:
    from prometheus_client.parser import text_string_to_metric_families

    write_metrics(database, tmp_path / "voicemark.prom")
    text = (tmp_path / "voicemark.prom").read_text()
    values = {
        (sample.name, sample.labels.get("state")): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    assert values["voicemark_jobs", "failed"] == 1
    assert values["voicemark_done_seconds", None] == 3600
    assert values["voicemark_speed_ratio", None] == 120
    with pytest.raises(VoicemarkError, match="metrics_file"):
        write_metrics(database, tmp_path / "no such folder" / "voicemark.prom")


def test_metrics_on_a_full_disk_stay_whole(database: Database, tmp_path: Path) -> None:
    with mounted(tmp_path / "disk", size="64k") as disk:
        metrics = disk.path / "voicemark.prom"
        write_metrics(database, metrics)
        before = metrics.read_bytes()
        disk.fill()
        with pytest.raises(VoicemarkError, match="No space left"):
            write_metrics(database, metrics)
        assert metrics.read_bytes() == before and disk.files() == ["voicemark.prom"]
        disk.make_room()
        metrics.chmod(0o640)
        write_metrics(database, metrics)
        assert metrics.stat().st_mode & 0o777 == 0o640, "the owner's mode is kept"


def test_status_is_told_to_people_and_to_scripts(database: Database, config: Path) -> None:
    told = CliRunner().invoke(app, ["status", "--config", str(config)])
    assert told.exit_code == 0
    assert "120 × real time" in told.stdout and "voicemark retry" in told.stdout
    as_json = CliRunner().invoke(app, ["status", "--json", "--config", str(config)])
    assert json.loads(as_json.stdout)["queue"]["ready"] == 1


def test_what_is_in_the_way_is_told_in_words(config: Path, tmp_path: Path) -> None:
    def told() -> list[str]:
        done = CliRunner().invoke(app, ["status", "--json", "--config", str(config)])
        obstacles: list[str] = json.loads(done.stdout)["obstacles"]
        return obstacles

    with mounted(tmp_path / "disk") as disk:
        path = disk.path / "voicemark.db"
        config.write_text(
            f'[database]\nurl = "sqlite:///{path}"\n[export]\nformats = ["edl"]\nfolder = "{disk.path}/export"\n'
        )
        open_database(path).close()
        assert told() == []
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            assert [text for text in told() if "is locked by another program" in text]
            other.execute("ROLLBACK")
        disk.fill(leave=1 << 20)
        full = told()
        assert len(full) == 2 and "disk of the database is full: 1.0 MB" in full[0] and "exports" in full[1]
        disk.make_room()
        disk.remount("ro")
        assert [text for text in told() if "is read-only" in text], "who asks needs to write nothing"


def test_retry_makes_set_aside_recordings_ready(database: Database, config: Path, tmp_path: Path) -> None:
    def retry(*arguments: str) -> int:
        return CliRunner().invoke(app, ["retry", *arguments, "--config", str(config)]).exit_code

    assert retry(str(tmp_path / "it's broken.ts")) == 0
    assert read_status(database).queue["failed"] == 0
    assert retry(str(tmp_path / "it's broken.ts")) == 1
    assert retry("--all") == 0
    again = CliRunner().invoke(app, ["retry", "--all", "--config", str(config)])
    assert (again.exit_code, again.stdout) == (0, "nothing is set aside\n")
    assert retry() == 2
