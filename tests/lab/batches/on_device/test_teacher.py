"""A teacher on the device hears what Kaldi's filter bank hears, and comes from a file of torch.export."""

from pathlib import Path

import numpy as np
import pytest
import torch
from support.teaching import Spectrum, save_program, write_peer
from torch import Tensor

from voicemark.errors import ModelError
from voicemark.lab.batches.fresh import CROP
from voicemark.lab.batches.on_device.teacher import BatchFbank, DeviceTeacher, load_device_teacher
from voicemark.lab.corpus.bank import AudioBank
from voicemark.lab.teachers.onnx import load_onnx_teacher
from voicemark.voice.fbank import BINS, Fbank

CPU = torch.device("cpu")


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
    embeddings, frames = DeviceTeacher(Spectrum(), CPU).hear(crops)
    assert frames.shape == (4, BINS, 298)
    torch.testing.assert_close(embeddings.norm(dim=1), torch.tensor([1.0, 1.0, 0.0, 1.0]))


def test_every_clip_of_a_bank_is_taught_by_its_middle() -> None:
    crops = some_audio(2)
    pause = torch.zeros(16_000)
    clips = [torch.cat((pause, crops[0], pause)), crops[1][:30_000]]
    bank = AudioBank.of([(str(k), None, clip.numpy()) for k, clip in enumerate(clips)])
    teacher = DeviceTeacher(Spectrum(), CPU, half=False)
    targets = teacher.teach(bank)
    assert targets.shape == (2, 1, BINS)
    repeated = torch.cat((crops[1][:30_000], crops[1][:18_000]))
    expected = teacher.hear(torch.stack((crops[0], repeated)))[0]
    torch.testing.assert_close(targets[:, 0], expected, atol=5e-3, rtol=0)


def test_a_program_of_torch_export_is_loaded(tmp_path: Path) -> None:
    file = tmp_path / "teacher.pt2"
    save_program(Spectrum(), file)
    teacher = load_device_teacher(file, CPU)
    torch.testing.assert_close(teacher.hear(some_audio(5))[0], DeviceTeacher(Spectrum(), CPU).hear(some_audio(5))[0])
    assert teacher.model_id.startswith("pt2-")


def test_campplus_says_on_the_device_what_it_says_as_an_onnx_model(tmp_path: Path) -> None:
    for name in ("campplus.onnx", "campplus.pt2"):
        write_peer("campplus", tmp_path / name)
    crops = some_audio(3)
    expected = load_onnx_teacher(tmp_path / "campplus.onnx").hear(crops.numpy())
    embeddings, frames = load_device_teacher(tmp_path / "campplus.pt2", CPU).hear(crops)
    assert (embeddings * torch.from_numpy(expected.embeddings)).sum(1).min() > 0.998
    assert expected.frames is not None and frames.shape == expected.frames.shape


def test_what_is_no_teacher_says_so(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no such model"):
        load_device_teacher(tmp_path / "none.pt2", CPU)
    (tmp_path / "text.pt2").write_text("not a program")
    with pytest.raises(ModelError, match="not a teacher that can be used"):
        load_device_teacher(tmp_path / "text.pt2", CPU)
