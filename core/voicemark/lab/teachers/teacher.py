"""What a teacher must offer: any strong speaker network that a small student learns from."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

QUIETEST = 1e-3  # RMS below which a clip is not worth the teacher's time


class Teacher(Protocol):
    """Any speaker network that embeds a whole clip."""

    @property
    def model_id(self) -> str:
        """Names its weights."""
        ...

    @property
    def dim(self) -> int:
        """Dimensions of its embeddings."""
        ...

    def embed_whole(self, audio: NDArray[np.float32], /) -> NDArray[np.float32]:
        """(samples,) at 16 kHz → (dim,) of unit length."""
        ...


@dataclass(frozen=True)
class Heard:
    """What a teacher says of n crops."""

    embeddings: NDArray[np.float32]  # (n, dim) of unit length
    frames: NDArray[np.float32] | None = None  # (n, channels, T), evenly over the crop, where it tells them


class CropTeacher(Protocol):
    """A speaker network that hears equally long crops."""

    @property
    def dim(self) -> int:
        """Dimensions of its embeddings."""
        ...

    def hear(self, crops: NDArray[np.float32], /) -> Heard:
        """(n, samples) at 16 kHz."""
        ...
