"""The same weights in floats, bfloat16 and integers tell the same voices apart; what does not belong is not used."""

from pathlib import Path

import numpy as np
import pytest
import torch
from support.networks import tiny

from voicemark.audio.features import FeatureSettings
from voicemark.audio.windows import WindowGrid
from voicemark.errors import ModelError
from voicemark.lab.backend.quantise import quantised, write
from voicemark.voice import numerics, weights
from voicemark.voice.encoder import Encoder
from voicemark.voice.load import load_encoder
from voicemark.voice.network import SpeakerNet
from voicemark.voice.numerics import Numerics, best, quantised_beside
from voicemark.voice.weights import DEFAULT_WEIGHTS

pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
CPU = torch.device("cpu")


def sound(seconds: int, seed: int = 0) -> np.ndarray:
    """Buzzes of changing pitch over noise."""
    rng = np.random.default_rng(seed)
    time = np.arange(seconds * 16_000) / 16_000
    pitch = np.repeat(rng.uniform(90, 300, seconds), 16_000)
    buzz = sum(np.sin(2 * np.pi * k * np.cumsum(pitch) / 16_000) / k for k in range(1, 12))
    level = np.interp(time, np.arange(seconds), rng.uniform(0.02, 0.3, seconds))
    noise: np.ndarray = (level * (buzz + 0.1 * rng.standard_normal(len(time)))).astype(np.float32)
    return noise


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights, and their network in integers beside them."""
    pytest.importorskip("onnx", reason="the extra onnx is not installed")
    torch.manual_seed(3)
    path: Path = tmp_path_factory.mktemp("weights") / "small.safetensors"
    model = weights.packed(SpeakerNet(tiny(16)), FeatureSettings(), WindowGrid(), dtype=torch.float32)
    weights.write(path, model)
    write(quantised_beside(path), quantised(model, [sound(20)]))
    return path


def test_integers_give_nearly_what_floats_give(path: Path) -> None:
    audio = sound(30, seed=1)
    exact, rounded = (load_encoder(path, "cpu", name) for name in ("fp32", "int8"))
    assert isinstance(exact, Encoder) and isinstance(rounded, Encoder)
    assert (exact.numerics, rounded.numerics) == (Numerics.FP32, Numerics.INT8)
    assert exact.model_id == rounded.model_id
    cosines = (exact.embed(audio) * rounded.embed(audio)).sum(1)
    assert len(cosines) == 57 and float(cosines.min()) > 0.98


def test_bfloat16_gives_nearly_what_floats_give(path: Path) -> None:
    audio = sound(6, seed=2)
    cosines = (load_encoder(path, "cpu", "fp32").embed(audio) * load_encoder(path, "cpu", "bf16").embed(audio)).sum(1)
    assert float(cosines.min()) > 0.99


def test_the_shipped_integers_are_those_of_the_shipped_weights() -> None:
    encoder = load_encoder(None, "cpu", "int8")
    exact = load_encoder(None, "cpu", "fp32")
    cosines = (encoder.embed(sound(8)) * exact.embed(sound(8))).sum(1)
    assert encoder.numerics is Numerics.INT8
    assert len(cosines) == 13 and float(cosines.min()) > 0.98


def test_integers_of_other_weights_are_refused_and_never_chosen(path: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.safetensors"
    torch.manual_seed(4)
    weights.write(other, weights.packed(SpeakerNet(tiny(16)), FeatureSettings(), WindowGrid()))
    quantised_beside(other).write_bytes(quantised_beside(path).read_bytes())
    with pytest.raises(ModelError, match="the quantised network is of vm"):
        load_encoder(other, "cpu", "int8")
    chosen = load_encoder(other, "cpu", "auto")
    assert isinstance(chosen, Encoder) and chosen.numerics is not Numerics.INT8


def test_without_a_quantised_network_integers_are_an_error_that_says_how_to_get_one(path: Path) -> None:
    with pytest.raises(ModelError, match="train quantise"):
        Encoder(weights.load(path), CPU, "int8", path.with_name("none.onnx"))
    quantised_beside(path.with_stem("damaged")).write_bytes(b"no network")
    with pytest.raises(ModelError, match="cannot be used"):
        Encoder(weights.load(path), CPU, "int8", quantised_beside(path.with_stem("damaged")))


@pytest.mark.parametrize(
    ("machine", "has", "quantised", "expected"),
    [
        ("x86_64", {"avx2"}, True, "int8"),
        ("x86_64", {"avx2"}, False, "fp32"),
        ("x86_64", {"avx2", "avx512_bf16"}, True, "int8"),
        ("x86_64", {"avx2", "avx512_bf16"}, False, "bf16"),
        ("x86_64", set(), True, "fp32"),
        ("aarch64", {"avx2"}, True, "fp32"),
    ],
)
def test_what_the_processor_has_decides(
    machine: str, has: set[str], quantised: bool, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("platform.machine", lambda: machine)
    for name in ("avx2", "avx512_bf16"):
        monkeypatch.setattr(torch.cpu, f"_is_{name}_supported", lambda name=name: name in has)
    assert best(CPU, quantised) == expected


def test_a_gpu_computes_in_floats() -> None:
    assert best(torch.device("cuda"), True) is Numerics.FP32
    with pytest.raises(ModelError, match="by the processor"):
        numerics.convolutions(SpeakerNet(tiny(4)), "m", torch.device("cuda"), "int8", quantised_beside(DEFAULT_WEIGHTS))
