"""A backfill finds people across recordings, as a scan does."""

from pathlib import Path

import pytest
from support.clara import DISCOVER, heard_before, recordings, write_model
from support.cluster import Archive, Record
from support.commands import run

from voicemark.voice import weights
from voicemark.voice.encoder import Encoder
from voicemark.voice.load import load_encoder


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("model") / "tiny.safetensors")


@pytest.fixture(scope="session")
def encoder(model: Path) -> Encoder:
    """Of that model, and not of the one that other files share."""
    found = load_encoder(model, "cpu")
    assert isinstance(found, Encoder)
    return found


def test_people_are_found_after_a_backfill(archive: Archive, record: Record, model: Path) -> None:
    archive.config.write_text(archive.config.read_text() + DISCOVER)
    heard_before(archive.database, weights.load(model).model_id)
    record("new.ts")
    done = run("backfill", "--workers", "1", "-c", archive.config)
    assert done.returncode == 0, done.stderr
    assert archive.jobs()["new.ts"][0] == "done"
    assert recordings(archive.database) == ["abc"]
