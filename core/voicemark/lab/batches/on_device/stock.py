"""Sound in the device's memory, to cut from: voices, each one long recording, and music or noise likewise."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from voicemark.lab.batches.on_device.draw import Draw
from voicemark.lab.batches.on_device.sound import rms
from voicemark.lab.batches.sampling import QUIET


class Stock:
    """Recordings as 16-bit samples, end to end. One shorter than a cut goes round."""

    def __init__(self, recordings: Sequence[Sequence[NDArray[np.int16]]], device: torch.device) -> None:
        """`recordings`: each in parts, which follow each other without a gap."""
        lengths = [sum(len(part) for part in parts) for parts in recordings]
        pcm = np.concatenate([part for parts in recordings for part in parts] or [np.zeros(0, np.int16)])
        self._pcm = torch.from_numpy(pcm).to(device)
        self._length = torch.tensor(lengths, dtype=torch.long, device=device)
        self._start = self._length.cumsum(0) - self._length

    def __len__(self) -> int:
        return len(self._length)

    def cut(self, which: Tensor, samples: int, draw: Draw) -> Tensor:
        """(n,) recordings → (n, samples) float32, from anywhere in each; rather not from a pause."""
        first, second = self._at(which, samples, draw), self._at(which, samples, draw)
        return torch.where(rms(first) < QUIET * rms(second), second, first)

    def cut_any(self, count: int, samples: int, draw: Draw) -> Tensor:
        """(count, samples), each from a recording drawn evenly."""
        return self.cut(draw.below(torch.full((count,), len(self), device=draw.device)), samples, draw)

    def _at(self, which: Tensor, samples: int, draw: Draw) -> Tensor:
        length = self._length[which]  # (n,)
        place = draw.below(length)[:, None] + torch.arange(samples, device=draw.device)  # (n, samples)
        return self._pcm[self._start[which, None] + place % length[:, None]].float() / 32768.0
