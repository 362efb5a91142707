"""An ONNX model as a teacher: it hears whole clips and crops, and may tell its frames."""

from pathlib import Path

import numpy as np
import pytest
import torch
from support.onnx_models import CONVENTION, some_audio, tiny_model

from voicemark.lab.teachers.onnx import OnnxTeacher
from voicemark.voice.onnx_encoder import load_onnx_encoder

pytest.importorskip("onnx", reason="the tests build a model with onnx")
pytest.importorskip("onnxruntime", reason="the extra onnx is not installed")
pytest.importorskip("kaldi_native_fbank", reason="the extra onnx is not installed")


@pytest.fixture(scope="module")
def teacher(tmp_path_factory: pytest.TempPathFactory) -> OnnxTeacher:
    return OnnxTeacher(load_onnx_encoder(tiny_model(tmp_path_factory.mktemp("onnx") / "tiny.onnx", CONVENTION)))


def test_a_teacher_may_tell_its_frames_beside_its_embeddings(teacher: OnnxTeacher, tmp_path: Path) -> None:
    telling = OnnxTeacher(load_onnx_encoder(tiny_model(tmp_path / "telling.onnx", CONVENTION, frames=True)))
    crops = np.stack([some_audio(3, seed) for seed in range(20)])
    heard = telling.hear(crops)
    np.testing.assert_allclose(heard.embeddings, teacher.hear(crops).embeddings, atol=1e-6)
    assert teacher.hear(crops).frames is None
    assert heard.frames is not None and heard.frames.shape == (20, 80, 298)
    assert torch.allclose(telling.encoder.embed(some_audio(4)), teacher.encoder.embed(some_audio(4)), atol=1e-6)


def test_a_whole_clip_is_one_pass(teacher: OnnxTeacher) -> None:
    clip = some_audio(2)
    assert teacher.embed_whole(clip) == pytest.approx(teacher.encoder.embed_windows(clip[None])[0].numpy(), abs=1e-5)
    assert np.linalg.norm(teacher.embed_whole(some_audio(3.7))) == pytest.approx(1.0, abs=1e-5)
