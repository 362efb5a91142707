"""Whose a window is, and which windows surely are somebody else's."""

from dataclasses import dataclass

import torch
from torch import Tensor

NOT_A_VOICE = -2
"""Speaker of music, noise, applause, silence: negative to every voice, positive to nothing."""
UNKNOWN = -1
"""Speaker of a clip that nobody labelled."""


@dataclass(frozen=True)
class Labels:
    """Whose each window is: `speaker` (n,) is an index, UNKNOWN or NOT_A_VOICE; `source` (n,) where it is from."""

    speaker: Tensor
    source: Tensor

    def negatives(self, others: "Labels") -> Tensor:
        """(n, m): which of `others` surely is another voice than each of these, or none.

        An unlabelled clip is sure to be another voice only than clips of other sources.
        """
        same = self.speaker[:, None] == others.speaker[None, :]
        unknown = (self.speaker == UNKNOWN)[:, None] | (others.speaker == UNKNOWN)[None, :]
        same_source = self.source[:, None] == others.source[None, :]
        noise = (others.speaker == NOT_A_VOICE)[None, :] & (self.speaker != NOT_A_VOICE)[:, None]
        same = torch.where(unknown, same_source, same)
        return noise | (~same & (self.speaker != NOT_A_VOICE)[:, None])
