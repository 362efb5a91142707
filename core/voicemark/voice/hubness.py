"""What a voice shares with the many voices around it says little about whose it is: it is taken away.

Some places of the space are crowded: windows there have high cosines with everybody's, whoever speaks. The background
that ships with the weights, windows of many training voices, says where. From each embedding e of length 1 the middle
of its neighbourhood in the background is taken, and the rest brought back to length 1:

    e − SHARE · Σᵢ wᵢ cᵢ,   w = softmax(cos(e, c) / TEMPERATURE)

This is localised centring (Hara et al., "Localized Centering: Reducing Hubness in Large-Sample Data", AAAI 2015) with
a soft neighbourhood in place of the k nearest, so that the result moves evenly with e. Score normalisation against a
cohort (`score_norm.py`) does a like thing to scores; this does it to every cosine, of windows with each other too.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

TEMPERATURE = 0.07  # cosines: a row that is 0.07 nearer counts e times as much
SHARE = 0.8  # of the neighbourhood's middle that is taken away; all of it blows up what is left between neighbours


def centred(embeddings: Tensor, background: Tensor) -> Tensor:
    """Embeddings (…, d) of length 1 less the middle of their neighbourhood in `background` (n, d), of length 1 again.

    The background's rows have length 1; they are in the space of the embeddings before this.
    """
    nearness = torch.softmax(embeddings @ background.T / TEMPERATURE, dim=-1)  # (…, n)
    return F.normalize(embeddings - SHARE * (nearness @ background), dim=-1)
