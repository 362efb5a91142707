"""What a teacher says of every moment, beside what it says of the whole: hints for the student's frames.

A window's embedding is one direction; the frames that it was pooled from are a hundred, and a student that must tell
them, too, learns where in a window a voice shows itself. After Romero et al., "FitNets: Hints for Thin Deep Nets"
(ICLR 2015).
"""

import torch.nn.functional as F
from torch import Tensor, nn

from voicemark.lab.batches.frames import CHANNELS


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
