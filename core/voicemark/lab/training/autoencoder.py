"""A convolutional autoencoder over log-mel frames: what audio is made of, learnt without a label.

    encode   conv1d, relu, max-pool (keeps where each maximum was), conv1d, …
    decode   transposed conv, relu, max-unpool (puts maxima back where they were), transposed conv, …

In its smallest form (1, 128, 44) → (1, 16, 42) → (1, 16, 21) → (1, 16, 19) and back the same way. Every further
entry of `channels` is one more pool and convolution. Convolutions have no padding, so lengths are not guessed:
decoding is told them.
"""

from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor, nn


@dataclass(frozen=True)
class AutoencoderConfig:
    """Dimensions: one convolution per entry of `channels`, a pool before each but the first."""

    n_mels: int = 128
    channels: tuple[int, ...] = (16, 16)
    kernels: tuple[int, ...] = (3, 3)
    pool: int = 2

    def __post_init__(self) -> None:
        if not self.channels or len(self.channels) != len(self.kernels):
            raise ValueError("an autoencoder needs one kernel for each of its channels, and at least one")
        if min(*self.channels, *self.kernels, self.n_mels) < 1 or self.pool < 2:
            raise ValueError("channels and kernels are at least 1, a pool at least 2")

    @property
    def fewest_frames(self) -> int:
        """The shortest input that leaves one frame of code; shorter ones are continued with zeros."""
        frames = self.kernels[-1]
        for kernel in reversed(self.kernels[:-1]):
            frames = frames * self.pool + kernel - 1
        return frames


@dataclass(frozen=True)
class Encoded:
    """A code (batch, channels[-1], frames) and what decoding needs to know of the way there."""

    code: Tensor
    indices: tuple[Tensor, ...]  # of every pool: which frame each maximum was
    lengths: tuple[int, ...]  # before every pool
    frames: int  # of the input


class Autoencoder(nn.Module):
    """(batch, n_mels, frames) → the same shape, for any number of frames from 1 on."""

    def __init__(self, config: AutoencoderConfig | None = None) -> None:
        super().__init__()
        self.config = c = config or AutoencoderConfig()
        widths = (c.n_mels, *c.channels)
        self.encoder = nn.ModuleList(nn.Conv1d(widths[k], widths[k + 1], c.kernels[k]) for k in range(len(c.channels)))
        self.decoder = nn.ModuleList(
            nn.ConvTranspose1d(widths[k + 1], widths[k], c.kernels[k]) for k in reversed(range(len(c.channels)))
        )

    def encode(self, mel: Tensor) -> Encoded:
        """(batch, n_mels, frames) → the code, with indices and lengths for the way back."""
        frames = mel.shape[-1]
        x = F.pad(mel, (0, max(0, self.config.fewest_frames - frames)))
        indices, lengths = [], []
        for depth, convolution in enumerate(self.encoder):
            if depth:
                lengths.append(x.shape[-1])
                x, index = F.max_pool1d_with_indices(F.relu(x), [self.config.pool])
                indices.append(index)
            x = convolution(x)
        return Encoded(x, tuple(indices), tuple(lengths), frames)

    def decode(self, encoded: Encoded) -> Tensor:
        """The code back to (batch, n_mels, frames)."""
        x = encoded.code
        last = len(self.decoder) - 1
        for depth, convolution in enumerate(self.decoder):
            x = convolution(x)
            if depth < last:
                x = F.max_unpool1d(
                    F.relu(x),
                    encoded.indices[last - 1 - depth],
                    [self.config.pool],
                    output_size=[encoded.lengths[last - 1 - depth]],
                )
        return x[..., : encoded.frames]

    def forward(self, mel: Tensor) -> Tensor:
        return self.decode(self.encode(mel))
