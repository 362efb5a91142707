"""One threshold for every voice: scores are shifted and scaled by what strangers reach against the same memory.

A memory of many alike windows, or of a voice near the middle of all voices, draws high cosines from everybody.
A shipped cohort, embeddings of many strangers (clean and under broadcast noise) and of music, noise and applause
alone, shows how high. With the mean of the cohort's best scores against a memory,

    calibrated = raw − SHARE · (mean_v − REFERENCE_MEAN)

This is the mean part of z-norm over the nearest part of the cohort (adaptive z-norm, the enrolment half of AS-norm:
Matějka et al., "Analysis of Score Normalization in Multilingual Speaker Recognition", Interspeech 2017, section 2). The
deviation is left out and the mean counts by a share: estimated on other people than those in the recording, both took
more than they gave when they counted in full (docs/evaluation.md). A constant keeps the result where cosines lie.
Memory and cohort alone decide on the offset:
stored windows are re-scored without a second look at them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

NEAREST = 0.05  # share of the cohort, its best rows, that a memory is measured against
FEWEST_NEAREST = 5  # below this a mean means nothing: scores stay as they are
SHARE = 0.6  # of a memory's offset that is taken away
REFERENCE_MEAN = 0.3  # a memory whose nearest strangers reach just this keeps its scores


@dataclass(frozen=True)
class Calibration:
    """Per voice: calibrated = (raw − offset) · scale + base. Both tensors are (voices,), base is a constant."""

    offset: Tensor
    scale: Tensor
    base: float

    def apply(self, raw: Tensor) -> Tensor:
        """Raw scores (voices, windows) to calibrated ones of the same shape."""
        return (raw - self.offset[:, None]) * self.scale[:, None] + self.base


def identity(voices: int) -> Calibration:
    """Leaves every score as it is."""
    return Calibration(torch.zeros(voices), torch.ones(voices), 0.0)


def memory_scores(memory: Tensor, windows: Tensor, top_k: int) -> Tensor:
    """Mean of the best `top_k` cosines of each window: (m, d), (n, d) → (n,). Rows have length 1."""
    cosines = windows @ memory.T  # (n, m)
    return cosines.topk(min(top_k, memory.shape[0]), dim=1).values.mean(dim=1)


def calibrate(memories: Sequence[Tensor], cohort: Tensor | None, top_k: int) -> Calibration:
    """Offset and scale of every voice from its memory (m_i, d) and the cohort (n, d), both with rows of length 1.

    Without a cohort, or with one too small to say anything, scores stay as they are.
    """
    nearest = 0 if cohort is None else round(NEAREST * cohort.shape[0])
    if cohort is None or nearest < FEWEST_NEAREST:
        return identity(len(memories))
    offsets = [
        memory_scores(memory.float(), cohort.float().to(memory.device), top_k).topk(nearest).values.mean()
        for memory in memories
    ]
    if not offsets:
        return identity(0)
    offset = SHARE * torch.stack(offsets)
    return Calibration(offset, torch.ones_like(offset), SHARE * REFERENCE_MEAN)
