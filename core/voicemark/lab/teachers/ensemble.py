"""Several teachers as one: their embeddings side by side, so that a student learns what each of them knows.

Networks that were trained on other speech by other losses err on other voices. The cosine of embeddings laid side by
side is the weighted mean of their cosines, and it tells voices apart better than either (the model card has figures).
The first teacher counts most, and its frames, where it tells them, are the hints.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from voicemark.lab.teachers.onnx import OnnxTeacher, load_onnx_teacher
from voicemark.lab.teachers.teacher import Heard

FURTHER = 0.7  # length of every embedding after the first, which has 1


class SeveralTeachers:
    """Two teachers or more, as a `Teacher` and a `CropTeacher`."""

    def __init__(self, teachers: Sequence[OnnxTeacher]) -> None:
        self._teachers = list(teachers)
        self._lengths = [1.0] + [FURTHER] * (len(teachers) - 1)
        self.dim = sum(teacher.dim for teacher in teachers)
        names = " ".join(teacher.model_id for teacher in teachers)
        self.model_id = "several-" + hashlib.sha256(f"{names} {FURTHER}".encode()).hexdigest()[:8]

    def embed_whole(self, audio: NDArray[np.float32]) -> NDArray[np.float32]:
        """A whole clip (samples,): → (dim,), of unit length."""
        embedding: NDArray[np.float32] = self.hear(np.asarray(audio, np.float32)[None]).embeddings[0]
        return embedding

    def hear(self, crops: NDArray[np.float32]) -> Heard:
        """Crops (n, samples): embeddings (n, dim) of unit length, frames of the first teacher."""
        heard = [teacher.hear(crops) for teacher in self._teachers]
        parts = [length * one.embeddings for length, one in zip(self._lengths, heard, strict=True)]
        side_by_side = np.concatenate(parts, axis=1)
        unit: NDArray[np.float32] = side_by_side / np.linalg.norm(side_by_side, axis=1, keepdims=True).clip(1e-12)
        return Heard(unit, heard[0].frames)


def load_teachers(paths: Sequence[Path]) -> OnnxTeacher | SeveralTeachers:
    """The ONNX models at `paths`; ModelError where one cannot be used."""
    teachers = [load_onnx_teacher(path) for path in paths]
    return teachers[0] if len(teachers) == 1 else SeveralTeachers(teachers)
