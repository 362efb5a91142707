"""What a speaker encoder is: the one interface that our own network and any ONNX model stand behind."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from voicemark.audio.windows import WindowGrid

SILENCE_DBFS = -65.0  # RMS of a window below which there is nothing to hear


@dataclass(frozen=True)
class WindowBatch:
    """Embeddings of consecutive windows: window `first_index + i` starts at `start_s[i]` seconds."""

    first_index: int
    start_s: NDArray[np.float64]  # (n,)
    embeddings: NDArray[np.float32]  # (n, dim), unit length, or zeros where the window is silent


class SpeakerEncoder(Protocol):
    """Audio to embeddings, float32 of unit length; a silent window's is all zeros, so that it never scores."""

    @property
    def model_id(self) -> str:
        """Names the weights: embeddings of two ids cannot be compared."""
        ...

    @property
    def device(self) -> torch.device: ...

    @property
    def numerics(self) -> str | None:
        """What the network is computed in (`voicemark.voice.numerics`), where there is a choice."""
        ...

    @property
    def cohort(self) -> Tensor | None:
        """Embeddings of strangers (n, dim) for score normalisation, or None."""
        ...

    @property
    def sample_rate(self) -> int: ...

    @property
    def window_s(self) -> float: ...

    @property
    def hop_s(self) -> float: ...

    @property
    def dim(self) -> int: ...

    def embed(self, waveform: Tensor | NDArray[np.float32], /) -> Tensor:
        """Every window of (samples,): → (windows, dim)."""
        ...

    def embed_windows(self, batch: Tensor | NDArray[np.float32], /) -> Tensor:
        """Each row of (n, samples) as one window by itself: → (n, dim)."""
        ...

    def embed_blocks(self, blocks: Iterable[Tensor | NDArray[np.float32]], /) -> Iterator[WindowBatch]:
        """The windows of a stream of blocks (samples,), in order."""
        ...


class OnGrid:
    """What every encoder tells of the grid that its windows lie on."""

    grid: WindowGrid

    @property
    def sample_rate(self) -> int:
        return self.grid.sample_rate

    @property
    def window_s(self) -> float:
        return self.grid.window_s

    @property
    def hop_s(self) -> float:
        return self.grid.hop_s
