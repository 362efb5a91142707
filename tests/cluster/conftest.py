"""A tiny encoder, short recordings, and an archive of them."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from support.cluster import Archive, Record
from support.ears import light_ear
from support.networks import tiny
from support.service import make_sources

from voicemark.audio.features import FeatureSettings
from voicemark.audio.windows import WindowGrid
from voicemark.cluster import post
from voicemark.voice import weights
from voicemark.voice.encoder import Encoder
from voicemark.voice.load import load_encoder
from voicemark.voice.network import SpeakerNet


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights of an untrained network."""
    torch.manual_seed(1)
    path = tmp_path_factory.mktemp("model") / "tiny.safetensors"
    weights.write(path, weights.packed(SpeakerNet(tiny()), FeatureSettings(), WindowGrid()))
    return path


@pytest.fixture(scope="session")
def encoder(model: Path) -> Encoder:
    found = load_encoder(model, "cpu")
    assert isinstance(found, Encoder)
    return found


@pytest.fixture(scope="session")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Recordings of some seconds, and a sample of a voice in them."""
    return make_sources(tmp_path_factory.mktemp("sources"))


@pytest.fixture
def archive(tmp_path: Path, sources: Path, model: Path) -> Archive:
    return Archive(tmp_path / "home", sources, model)


@pytest.fixture
def ears(tmp_path: Path, encoder: Encoder, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Workers hear with light processes, which keep what they did in this folder."""
    folder = tmp_path / "ears"
    monkeypatch.setattr(post, "EAR", light_ear(folder, encoder.model_id))
    yield folder


@pytest.fixture
def record(archive: Archive, ears: Path, encoder: Encoder) -> Record:
    return Record(archive, ears, encoder)
