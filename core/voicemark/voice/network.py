"""The speaker encoder: a conv1d network over log-mel frames, pooled per window. Network and dimensions only.

    log-mel (80 frames/s) → moving-mean normalisation → stem, pool 2 → residual blocks (40/s)
        → pool 2 → residual dilated blocks (20/s) → aggregation → attentive mean + standard deviation per window
        → affine → unit length

Everything before the pooling is convolutional in time, so a recording runs through it once and overlapping
windows share their frames; the pooling adds up sums per hop, so a window is a sum of its hops. Nothing looks at
a window as a whole before that (no squeeze-excitation, no per-window normalisation).
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

HOPS_AT_ONCE = 32
"""A cache holds what the pooling makes of so many; of a whole chunk at once it takes twice as long."""


@dataclass(frozen=True)
class EncoderConfig:
    """Dimensions of the network. Frames count from log-mel frames (80 per second)."""

    n_mels: int = 80
    dim: int = 128  # int8 windows each half second stay below 1 MB per hour of recording
    stem_channels: int = 256
    stem_blocks: tuple[int, ...] = (1, 2, 1)  # dilations at 40 frames per second
    trunk_channels: int = 384
    trunk_blocks: tuple[int, ...] = (1, 2, 3, 3, 1, 2, 1, 1, 2, 1, 2)  # dilations at 20 frames per second
    head_channels: int = 512
    attention_channels: int = 128
    norm_frames: int = 241  # about 3 s, centred: the moving mean that is subtracted per mel band
    norm_floor: float = -4.0  # below the moving mean (natural logarithm) everything is alike: pauses, holes
    frames_per_hop: int = 40  # 0.5 s
    hops_per_window: int = 4  # 2.0 s

    @property
    def stride(self) -> int:
        """Log-mel frames per frame of the trunk."""
        return 4

    @property
    def context_frames(self) -> int:
        """Log-mel frames on either side that can change a window: half the moving mean and the convolutions."""
        stem = 2 + 2 * sum(self.stem_blocks)
        trunk = 2 * 1 + 4 * sum(self.trunk_blocks)
        return self.norm_frames // 2 + stem + trunk + 2 * self.stride


def subtract_moving_mean(mel: Tensor, width: int) -> Tensor:
    """Each band less its mean over `width` frames centred on each frame; fewer at the edges.

    `mel` is (batch, n_mels, T); loudness and a fixed channel (equaliser, microphone) are offsets in log-mel, so
    they fall away. Equal to `mel - avg_pool1d(mel, width, 1, width // 2, count_include_pad=False)` by running
    sums.
    """
    frames = mel.shape[-1]
    half = width // 2
    sums = F.pad(mel.double().cumsum(-1), (1, 0))  # (batch, n_mels, T + 1)
    sums = F.pad(sums, (half, half), mode="replicate")
    index = torch.arange(frames, device=mel.device)
    counts = (index + half + 1).clamp(max=frames) - (index - half).clamp(min=0)
    mean = (sums[..., 2 * half + 1 :] - sums[..., : -2 * half - 1]) / counts
    return mel - mean.to(mel.dtype)


class ConvBlock(nn.Module):
    """conv1d, norm, relu; over time only. Residual where the input is added back."""

    def __init__(
        self, inputs: int, outputs: int, kernel: int, *, stride: int = 1, dilation: int = 1, residual: bool = False
    ) -> None:
        super().__init__()
        self.residual = residual
        self.conv = nn.Conv1d(
            inputs,
            outputs,
            kernel,
            stride=stride,
            dilation=dilation,
            padding=dilation * (kernel // 2),
            bias=False,
        )
        self.norm: nn.Module = nn.BatchNorm1d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu(self.norm(self.conv(x)))
        return x + y if self.residual else y

    def fuse(self) -> None:
        """Fold the norm's running statistics into the convolution; for inference only."""
        if isinstance(self.norm, nn.BatchNorm1d):
            self.conv = fuse_conv_bn_eval(self.conv.eval(), self.norm.eval())
            self.norm = nn.Identity()


class AttentiveStatistics(nn.Module):
    """Weighted mean and standard deviation per channel over each window.

    Every frame and channel gets a weight in (0, 1) from the frame itself; after Okabe et al., "Attentive
    Statistics Pooling for Deep Speaker Embedding" (Interspeech 2018), with a sigmoid in place of the softmax so
    that the weights of a frame do not depend on the window and can be summed per hop.
    """

    def __init__(self, channels: int, hidden: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv1d(channels, hidden, 1)
        self.expand = nn.Conv1d(hidden, channels, 1)

    def forward(self, x: Tensor, frames_per_hop: int, hops_per_window: int) -> Tensor:
        """(batch, C, T) → (batch, windows, 2 * C); T is cut to whole hops."""
        batch, channels, frames = x.shape
        hops = frames // frames_per_hop
        windows = hops - hops_per_window + 1
        if windows < 1:
            return x.new_zeros(batch, 0, 2 * channels)
        some = frames_per_hop * (HOPS_AT_ONCE if x.device.type == "cpu" else hops)
        parts = x[..., : hops * frames_per_hop].split(some, dim=2)
        sums = torch.cat([self._sums(part, frames_per_hop) for part in parts], dim=1)  # (batch, hops, 3 * C)
        of_windows = sums[:, :windows].clone()
        for k in range(1, hops_per_window):
            of_windows += sums[:, k : k + windows]
        total, first, second = of_windows.chunk(3, dim=2)
        mean = first / total
        std = (second / total - mean * mean).clamp(min=1e-5).sqrt()
        return torch.cat((mean, std), dim=2)

    def _sums(self, x: Tensor, frames_per_hop: int) -> Tensor:
        """(batch, C, T) → (batch, hops, 3 * C): of each hop the sums of the weights w, of w · x and of w · x².

        Channels last, so that a sum over frames is a sum of rows.
        """
        x = x.transpose(1, 2).contiguous()
        hidden = F.relu(F.linear(x, self.squeeze.weight.squeeze(2), self.squeeze.bias))
        weight = torch.sigmoid(F.linear(hidden, self.expand.weight.squeeze(2), self.expand.bias)).float() + 1e-4
        x = x.float()
        weighted = weight * x
        return torch.cat(
            [values.unflatten(1, (-1, frames_per_hop)).sum(2) for values in (weight, weighted, weighted * x)], dim=2
        )


class SpeakerNet(nn.Module):
    """(batch, n_mels, T) log-mel → (batch, windows, dim) of unit length; windows of 2 s each half second."""

    def __init__(self, config: EncoderConfig | None = None) -> None:
        super().__init__()
        self.config = c = config or EncoderConfig()
        self.stem = nn.Sequential(
            ConvBlock(c.n_mels, c.stem_channels, 5, stride=2),
            *(ConvBlock(c.stem_channels, c.stem_channels, 3, dilation=d, residual=True) for d in c.stem_blocks),
        )
        self.trunk = nn.Sequential(
            ConvBlock(c.stem_channels, c.trunk_channels, 3, stride=2),
            *(ConvBlock(c.trunk_channels, c.trunk_channels, 3, dilation=d, residual=True) for d in c.trunk_blocks),
        )
        self.head = ConvBlock(c.trunk_channels, c.head_channels, 1)
        self.pool = AttentiveStatistics(c.head_channels, c.attention_channels)
        self.norm = nn.BatchNorm1d(2 * c.head_channels)
        self.affine = nn.Linear(2 * c.head_channels, c.dim)

    def prepare(self, mel: Tensor) -> Tensor:
        """What the convolutions take: (batch, n_mels, T) log-mel less its moving mean, from the floor upwards."""
        return subtract_moving_mean(mel, self.config.norm_frames).clamp(min=self.config.norm_floor)

    def convolve(self, prepared: Tensor) -> Tensor:
        """The convolutional part: (batch, n_mels, T) → (batch, head_channels, ceil(T / 4))."""
        frames: Tensor = self.head(self.trunk(self.stem(prepared)))
        return frames

    def frames(self, mel: Tensor) -> Tensor:
        """Log-mel to frames: (batch, n_mels, T) → (batch, head_channels, ceil(T / 4))."""
        return self.convolve(self.prepare(mel))

    def statistics(self, frames: Tensor) -> Tensor:
        """The pooled part: (batch, head_channels, T') → (batch, windows, 2 * head_channels)."""
        c = self.config
        stats: Tensor = self.pool(frames, c.frames_per_hop // c.stride, c.hops_per_window)
        normed: Tensor = self.norm(stats.flatten(0, 1))  # (batch * windows, 2 * C)
        return normed.view_as(stats)

    def windows(self, frames: Tensor) -> Tensor:
        """(batch, head_channels, T') → (batch, windows, dim), before the normalisation to 1."""
        embeddings: Tensor = self.affine(self.statistics(frames))
        return embeddings

    def forward(self, mel: Tensor) -> Tensor:
        return F.normalize(self.windows(self.frames(mel)), dim=-1)

    def fuse(self) -> "SpeakerNet":
        """Fold every norm into its convolution, in place; afterwards the network is for inference only."""
        self.eval()
        for module in self.modules():
            if isinstance(module, ConvBlock):
                module.fuse()
        return self
