"""A tiny encoder, short recordings, and an archive of them."""

from collections.abc import Callable, Iterator
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
from voicemark.cluster.certificates import make_certificates
from voicemark.voice import weights
from voicemark.voice.encoder import Encoder
from voicemark.voice.load import load_encoder
from voicemark.voice.network import SpeakerNet

SECTION = """
[cluster]
authority = "{folder}/authority.pem"
certificate = "{folder}/{machine}.pem"
key = "{folder}/{machine}.key"
roots = {{ {root} = "{video}" }}
"""


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


@pytest.fixture
def machine(tmp_path: Path, archive: Archive) -> Callable[..., Path]:
    """The configuration of a machine with a certificate, which calls the folder of recordings so."""

    def made(name: str, *, authority: str = "ours", root: str = "tv", video: Path | None = None) -> Path:
        folder = tmp_path / authority
        make_certificates(folder, [name])
        section = SECTION.format(folder=folder, machine=name, root=root, video=video or archive.video)
        path = archive.root / f"{name}.toml"
        path.write_text(archive.config.read_text() + section)
        return path

    return made
