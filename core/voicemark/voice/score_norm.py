"""One threshold for every voice and every programme: scores are shifted by what strangers reach in the same place.

A memory near the middle of all voices draws high cosines from everybody, and a turn of music draws other cosines
than a quiet studio. A shipped cohort, embeddings of many strangers (clean and under broadcast noise) and of music,
noise and applause alone, shows how high. With the means m of a voice's and of a turn's best cosines with the
cohort,

    normalised = raw − SHARE · (m_voice − REFERENCE) − SHARE · (m_turn − REFERENCE)

These are the mean parts of both halves of the adaptive s-norm (Matějka et al., "Analysis of Score Normalization in
Multilingual Speaker Recognition", Interspeech 2017, section 2). The deviations are left out and the means count by a
share: estimated on other people than those in the recording, both took more than they gave when they counted in full
(docs/notebook/markers.md). Constants keep the result where cosines lie.
"""

import hashlib
from dataclasses import dataclass

import torch
from torch import Tensor

NEAREST = 0.02  # share of the cohort, its best rows, that counts
FEWEST_NEAREST = 5  # below this a mean means nothing: scores stay as they are
SHARE = 0.8  # of what the cohort reaches that is taken away
REFERENCE = 0.3  # what the cohort reaches where scores stay as they are


@dataclass(frozen=True)
class ScoreNorm:
    """What is taken from the raw scores of each voice, and the strangers that say what is taken from each turn."""

    offsets: Tensor
    """(voices,)"""
    cohort: Tensor | None
    """(n, d) of length 1; None: scores stay as they are."""
    digest: str = ""
    """Of the cohort and of what is done with it: what was taken under an equal one need not be computed again."""

    def apply(self, raw: Tensor, directions: Tensor) -> Tensor:
        """Raw scores (voices, n) of what is heard, `directions` (n, d) of length 1, to normalised ones."""
        if self.cohort is None:
            return raw
        return raw - self.offsets[:, None] - self.taken_from(directions)[None]

    def taken_from(self, directions: Tensor) -> Tensor:
        """What is taken from every voice's score of each of `directions` (n, d) of length 1: (n,)."""
        return torch.zeros(len(directions)) if self.cohort is None else offsets(directions, self.cohort)

    def of(self, voice: int) -> "ScoreNorm":
        """That of one of the voices."""
        return ScoreNorm(self.offsets[voice : voice + 1], self.cohort, self.digest)

    def to(self, device: torch.device | str) -> "ScoreNorm":
        """The same on a device."""
        return ScoreNorm(self.offsets.to(device), None if self.cohort is None else self.cohort.to(device), self.digest)


def score_norm(centres: Tensor, cohort: Tensor | None) -> ScoreNorm:
    """The normalisation of voices' scores, with `centres` (voices, d) against a cohort (n, d), all of length 1.

    Without a cohort, or with one too small to say anything, scores stay as they are.
    """
    if cohort is None or round(NEAREST * len(cohort)) < FEWEST_NEAREST:
        return ScoreNorm(torch.zeros(len(centres)), None)
    digest = hashlib.sha256(f"{NEAREST} {FEWEST_NEAREST} {SHARE} {REFERENCE}".encode())
    digest.update(cohort.float().cpu().numpy().tobytes())
    cohort = cohort.float().to(centres.device)
    taken = offsets(centres, cohort) if len(centres) else torch.zeros(0)
    return ScoreNorm(taken, cohort, digest.hexdigest()[:16])


def offsets(directions: Tensor, cohort: Tensor) -> Tensor:
    """What the cohort takes from each of the directions (n, d): (n,)."""
    nearest = round(NEAREST * len(cohort))
    cosines = directions @ cohort.T
    if cosines.device.type == "cpu":  # numpy's partial sort takes a sixth of the time of torch's there
        others = len(cohort) - nearest
        cosines.numpy().partition(others, axis=1)  # in place: nobody else has them
        best = cosines[:, others:].mean(dim=1)
    else:
        best = cosines.topk(nearest, dim=1, sorted=False).values.mean(dim=1)
    return SHARE * (best - REFERENCE)
