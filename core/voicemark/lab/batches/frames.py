"""A teacher's frames as batches carry them: on their principal axes, so that a ring of crops fits in memory."""

import torch
import torch.nn.functional as F
from torch import Tensor

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
