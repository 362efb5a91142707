"""ONNX speaker models by their published convention: on a tiny model made here, and on CAM++ where it is there."""

import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch
from support.onnx_models import CONVENTION, on_samples, some_audio, tiny_model
from support.teaching import write_peer

from voicemark.errors import ModelError
from voicemark.lab.teachers.onnx import OnnxTeacher, load_onnx_teacher
from voicemark.voice.encoder import Encoder
from voicemark.voice.load import load_encoder
from voicemark.voice.onnx_encoder import OnnxEncoder, load_onnx_encoder

pytest.importorskip("onnx", reason="the tests build a model with onnx")
pytest.importorskip("onnxruntime", reason="the extra onnx is not installed")
pytest.importorskip("kaldi_native_fbank", reason="the extra onnx is not installed")

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> OnnxEncoder:
    return load_onnx_encoder(tiny_model(tmp_path_factory.mktemp("onnx") / "tiny.onnx", CONVENTION))


def test_windows_of_a_recording_are_those_cut_by_hand(encoder: OnnxEncoder) -> None:
    audio = some_audio(5.3)
    cut = np.stack([audio[k * 8000 : k * 8000 + 32_000] for k in range(7)])
    assert torch.allclose(encoder.embed(audio), encoder.embed_windows(cut), atol=1e-5)
    assert encoder.embed(audio[:31_999]).shape == (0, encoder.dim)


@pytest.mark.parametrize("block", [1_000, 8_000, 33_333, 200_000])
def test_blocks_of_any_size_give_the_windows_of_the_whole(encoder: OnnxEncoder, block: int) -> None:
    audio = some_audio(6.2)
    batches = list(encoder.embed_blocks(audio[at : at + block] for at in range(0, len(audio), block)))
    assert torch.allclose(
        torch.from_numpy(np.concatenate([one.embeddings for one in batches])), encoder.embed(audio), atol=1e-5
    )
    starts = np.concatenate([one.start_s for one in batches])
    assert starts.tolist() == [k / 2 for k in range(len(starts))]
    assert [one.first_index for one in batches] == [round(2 * one.start_s[0]) for one in batches]


def test_embeddings_have_length_one_and_silence_has_none(encoder: OnnxEncoder) -> None:
    windows = np.stack([some_audio(2), np.zeros(32_000, np.float32)])
    lengths = encoder.embed_windows(windows).norm(dim=1)
    assert lengths.tolist() == pytest.approx([1.0, 0.0], abs=1e-5)


def test_short_rows_are_refused(encoder: OnnxEncoder) -> None:
    with pytest.raises(ValueError, match="32000"):
        encoder.embed_windows(np.zeros((1, 31_999), np.float32))


def test_metadata_decides_on_level_and_mean(tmp_path: Path) -> None:
    audio = some_audio(2)[None]
    plain = load_onnx_encoder(tiny_model(tmp_path / "plain.onnx", {**CONVENTION, "feature_normalize_type": ""}))
    mean_off = load_onnx_encoder(tiny_model(tmp_path / "mean.onnx", CONVENTION))
    integers = load_onnx_encoder(tiny_model(tmp_path / "int.onnx", {**CONVENTION, "normalize_samples": "0"}))
    assert not torch.allclose(plain.embed_windows(audio), mean_off.embed_windows(audio), atol=1e-3)
    # the mean takes a constant factor away: the level matters only near the floor
    assert torch.allclose(integers.embed_windows(audio), mean_off.embed_windows(audio), atol=1e-3)


def test_the_id_is_the_files(tmp_path: Path) -> None:
    first = load_onnx_encoder(tiny_model(tmp_path / "a.onnx", CONVENTION))
    same = load_onnx_encoder(tiny_model(tmp_path / "b.onnx", CONVENTION))
    other = load_onnx_encoder(tiny_model(tmp_path / "c.onnx", CONVENTION, dim=7))
    assert first.model_id == same.model_id != other.model_id
    assert first.model_id.startswith("onnx-")


@pytest.mark.parametrize(
    ("metadata", "bins", "said"),
    [
        ({"framework": "nemo"}, 80, "NeMo"),
        ({"feature_normalize_type": "per_feature"}, 80, "per_feature"),
        ({"sample_rate": "fast"}, 80, "metadata"),
        (CONVENTION, 40, "80"),
    ],
)
def test_models_of_another_convention_are_refused(
    tmp_path: Path, metadata: dict[str, str], bins: int, said: str
) -> None:
    with pytest.raises(ModelError, match=said):
        load_onnx_encoder(tiny_model(tmp_path / "other.onnx", metadata, bins))


def test_files_that_are_no_models_are_refused(tmp_path: Path) -> None:
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"no model")
    for path in (broken, tmp_path / "absent.onnx"):
        with pytest.raises(ModelError) as raised:
            load_onnx_encoder(path)
        assert raised.value.path == str(path)


def test_campplus_embeds_as_its_torch_original_and_tells_its_frames(tmp_path: Path) -> None:
    python = REPOSITORY / ".venv-peers" / "bin" / "python"
    package = REPOSITORY / "core" / "voicemark" / "lab" / "evaluation"
    model = tmp_path / "campplus.onnx"
    write_peer("campplus", model)
    windows = np.stack([some_audio(2, seed) for seed in range(3)])
    np.save(tmp_path / "windows.npy", windows)
    files = [str(tmp_path / name) for name in ("windows.npy", "out.npy")]
    worker = [str(python), str(package / "peer_worker.py"), "campplus", *files]
    subprocess.run(worker, capture_output=True, check=True)
    original = torch.nn.functional.normalize(torch.from_numpy(np.load(tmp_path / "out.npy")), dim=1)
    campplus = load_onnx_encoder(model)
    assert torch.allclose(campplus.embed_windows(windows), original, atol=1e-4)
    frames = OnnxTeacher(campplus).hear(np.stack([some_audio(3, seed) for seed in range(2)])).frames
    assert frames is not None and frames.shape == (2, 512, 149)


def test_a_model_that_takes_samples_brings_its_own_features(tmp_path: Path) -> None:
    audio = some_audio(4.0)
    model = load_onnx_encoder(on_samples(tmp_path / "samples.onnx", {}))
    windows = np.stack([audio[k * 8000 : k * 8000 + 32_000] for k in range(5)])
    assert model.dim == 1
    assert torch.allclose(model.embed(audio), torch.from_numpy(np.sign(windows.mean(axis=1, keepdims=True))))
    assert OnnxTeacher(model).hear(windows).frames is None


def test_resemblyzer_embeds_as_its_package_does(tmp_path: Path) -> None:
    model = tmp_path / "resemblyzer.onnx"
    write_peer("resemblyzer", model)
    # of 1.6 s it hears all, as the package does of any length
    windows = np.stack([some_audio(1.59, seed) for seed in range(3)])
    np.save(tmp_path / "windows.npy", windows)
    files = [str(tmp_path / name) for name in ("windows.npy", "out.npy")]
    peers = REPOSITORY / "core" / "voicemark" / "lab" / "evaluation" / "peer_worker.py"
    python = REPOSITORY / ".venv-peers" / "bin" / "python"
    subprocess.run([str(python), str(peers), "resemblyzer-batched", *files], capture_output=True, check=True)
    teacher = load_onnx_teacher(model)
    np.testing.assert_allclose(teacher.hear(windows).embeddings, np.load(tmp_path / "out.npy"), atol=1e-4)
    quiet = np.concatenate([0.01 * windows, np.zeros_like(windows[:1])])
    lengths = np.linalg.norm(teacher.hear(quiet).embeddings, axis=1)
    np.testing.assert_allclose(lengths, 1.0, atol=1e-4)


def test_an_onnx_file_is_an_encoder_like_any_other(tmp_path: Path) -> None:
    path = tiny_model(tmp_path / "tiny.onnx", CONVENTION)
    encoder = load_encoder(path, "cpu")
    assert isinstance(encoder, OnnxEncoder)
    assert (encoder.sample_rate, encoder.window_s, encoder.hop_s, encoder.dim) == (16_000, 2.0, 0.5, 6)
    assert isinstance(load_encoder(device="cpu"), Encoder)
