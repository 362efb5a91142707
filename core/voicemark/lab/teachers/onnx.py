"""An ONNX speaker model as a teacher: whole clips and crops, with its frames where the file tells them."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from voicemark.lab.teachers.teacher import Heard
from voicemark.voice.onnx_encoder import OnnxEncoder, load_onnx_encoder

FRAMES = "frames"  # a second output of this name: (n, channels, T) from before the pooling, for a student


class OnnxTeacher:
    """A `Teacher` and a `CropTeacher` over a loaded ONNX encoder."""

    def __init__(self, encoder: OnnxEncoder) -> None:
        self.encoder = encoder
        self.model_id = encoder.model_id
        self.dim = encoder.dim
        self._frames = (FRAMES,) if FRAMES in encoder.further_outputs else ()

    def embed_whole(self, audio: NDArray[np.float32]) -> NDArray[np.float32]:
        """A whole clip (samples,), a second or longer, in one pass of the network: → (dim,), of unit length."""
        embedding: NDArray[np.float32] = self.hear(np.asarray(audio, np.float32)[None]).embeddings[0]
        return embedding

    def hear(self, crops: NDArray[np.float32]) -> Heard:
        """Crops (n, samples) of a second or longer, each in one pass, with their frames where the file tells them."""
        at_once = self.encoder.batch
        parts = [self.encoder.outputs(crops[k : k + at_once], *self._frames) for k in range(0, len(crops), at_once)]
        embeddings = np.concatenate([part[0].reshape(-1, self.dim) for part in parts])
        unit: NDArray[np.float32] = embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True).clip(1e-12)
        return Heard(unit, np.concatenate([part[1] for part in parts]) if self._frames else None)


def load_onnx_teacher(path: Path) -> OnnxTeacher:
    """The ONNX model at `path`; ModelError where it cannot be used."""
    return OnnxTeacher(load_onnx_encoder(path))
