"""What a teacher says of every moment, beside what it says of the whole: hints for the student's frames.

A window's embedding is one direction; the frames that it was pooled from are a hundred, and a student that must tell
them, too, learns where in a window a voice shows itself. After Romero et al., "FitNets: Hints for Thin Deep Nets"
(ICLR 2015). The teacher's channels are brought onto their principal axes first, so that a ring of crops fits in memory.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

CHANNELS = 128  # axes that are kept: nine tenths of the variance of CAM++'s 512


class FrameAxes:
    """Principal axes of a teacher's frames (n, channels, T), scaled to a mean square of 1 a frame.

    Each axis is divided by the root of its deviation: the first ones alone would be learnt otherwise, and the last
    ones count as much where they are made equal.
    """

    def __init__(self, frames: Tensor) -> None:
        flat = frames.float().transpose(1, 2).reshape(-1, frames.shape[1])  # (n * T, channels)
        self.mean = flat.mean(0)
        centred = flat - self.mean
        values, vectors = torch.linalg.eigh(centred.T @ centred / len(centred))  # ascending
        values, vectors = values.flip(0)[:CHANNELS].clamp(min=1e-8), vectors.flip(1)[:, :CHANNELS]
        axes = vectors / values.pow(0.25)
        self.axes = axes / (centred @ axes).square().sum(1).mean().sqrt()  # (channels, up to CHANNELS)

    def __call__(self, frames: Tensor) -> Tensor:
        """(n, channels, T) → (n, CHANNELS, T), float16; zeros where the teacher has fewer channels."""
        told = (frames.float().transpose(1, 2) - self.mean) @ self.axes
        return F.pad(told, (0, CHANNELS - told.shape[2])).transpose(1, 2).half()


def frames_within(frames: Tensor, starts: Tensor, window: int, crop: int) -> Tensor:
    """Of frames (n, channels, T) of crops of `crop` samples, those of `window` samples from `starts` (n,)."""
    total = frames.shape[2]
    width = total * window // crop
    first = (starts.double() * total / crop).round().long().clamp(max=total - width)
    index = first[:, None, None] + torch.arange(width, device=frames.device)  # (n, 1, width)
    return frames.gather(2, index.expand(-1, frames.shape[1], -1))


class HintHead(nn.Module):
    """A linear layer from the student's frames to the teacher's axes; it serves training and is not kept.

    It starts at zero: from a random start its gradient undoes what a trained network has learnt.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.tell = nn.Conv1d(channels, CHANNELS, 1)
        nn.init.zeros_(self.tell.weight)
        nn.init.zeros_(self.tell.bias)  # type: ignore[arg-type]

    def forward(self, frames: Tensor, hints: Tensor) -> Tensor:
        """Mean squared distance per frame of the student's `frames` (n, C, T) to `hints` (n, CHANNELS, T').

        The teacher's frames are averaged to the student's number.
        """
        meant = F.adaptive_avg_pool1d(hints.float(), frames.shape[-1])
        told: Tensor = self.tell(frames).float()
        return (told - meant).square().sum(1).mean()
