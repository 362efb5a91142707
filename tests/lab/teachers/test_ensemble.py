"""Several teachers as one: side by side, the first one most, and a student that learns from both."""

from pathlib import Path

import numpy as np
import pytest
from support.onnx_models import CONVENTION, some_audio, tiny_model

from voicemark.errors import ModelError
from voicemark.lab.teachers.ensemble import FURTHER, SeveralTeachers, load_teachers
from voicemark.lab.teachers.onnx import OnnxTeacher

pytest.importorskip("onnx", reason="the tests build a model with onnx")
pytest.importorskip("onnxruntime", reason="the extra onnx is not installed")
pytest.importorskip("kaldi_native_fbank", reason="the extra onnx is not installed")

CROPS = np.stack([some_audio(3, seed) for seed in range(5)])


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    return [
        tiny_model(tmp_path / "first.onnx", CONVENTION, dim=6, frames=True),
        tiny_model(tmp_path / "second.onnx", CONVENTION, dim=4, seed=1),
    ]


def test_their_cosine_is_the_weighted_mean_of_each_ones(files: list[Path]) -> None:
    both = load_teachers(files)
    first, second = (load_teachers([file]).hear(CROPS).embeddings for file in files)
    expected = (first @ first.T + FURTHER**2 * second @ second.T) / (1 + FURTHER**2)
    heard = both.hear(CROPS)
    assert both.dim == heard.embeddings.shape[1] == 10
    np.testing.assert_allclose(heard.embeddings @ heard.embeddings.T, expected, atol=1e-6)


def test_the_frames_are_those_of_the_first(files: list[Path]) -> None:
    frames = load_teachers(files).hear(CROPS).frames
    alone = load_teachers(files[:1]).hear(CROPS).frames
    assert frames is not None and alone is not None
    np.testing.assert_array_equal(frames, alone)
    assert load_teachers(files[::-1]).hear(CROPS).frames is None


def test_a_whole_clip_is_heard_as_a_crop_is(files: list[Path]) -> None:
    both = load_teachers(files)
    np.testing.assert_allclose(both.embed_whole(CROPS[0]), both.hear(CROPS[:1]).embeddings[0], atol=1e-6)


def test_the_id_names_who_they_are_and_in_which_order(files: list[Path]) -> None:
    ids = {load_teachers(chosen).model_id for chosen in (files, files[::-1], files[:1], files[1:], files * 2)}
    assert len(ids) == 5
    assert load_teachers(files).model_id == load_teachers(files).model_id


def test_one_teacher_is_itself(files: list[Path]) -> None:
    assert isinstance(load_teachers(files[:1]), OnnxTeacher)
    assert isinstance(load_teachers(files), SeveralTeachers)


def test_one_that_cannot_be_used_is_named(files: list[Path], tmp_path: Path) -> None:
    with pytest.raises(ModelError) as raised:
        load_teachers([files[0], tmp_path / "absent.onnx"])
    assert raised.value.path == str(tmp_path / "absent.onnx")
