"""What an owner should know about samples before trusting the markers: too few, too mixed, too close to another.

Every warning carries the figures that it rests on, on the scale of the thresholds: as a recording's turns of
four seconds would score.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from voicemark.voice.match import centroid
from voicemark.voice.naming import evidence_factor
from voicemark.voice.score_norm import ScoreNorm

FEWEST_ROWS = 16  # windows, one each half second: about ten seconds of speech
PIECE = 8  # windows: a short turn
PIECE_FACTOR = float(evidence_factor(np.array([PIECE]), hop_s=0.5, window_s=2.0)[0])
"""What so short a turn's cosine is multiplied by, to compare with a threshold: see `voicemark.voice.naming`."""
NEIGHBOURS = 4  # windows on either side share audio with a piece: they prove nothing about it
FOUND_SHARE = 0.8  # of a voice's own pieces must be found by the others
CONFUSED_SHARE = 0.2  # of another voice's pieces may be taken for this one's


@dataclass(frozen=True)
class Advice:
    """A warning about one voice, in a sentence with its figures."""

    voice: str
    text: str


def advise(
    names: Sequence[str], memories: Sequence[Tensor], thresholds: Sequence[float], norm: ScoreNorm
) -> list[Advice]:
    """Warnings for every voice from its memory (m, d), rows of length 1 in the order of its samples."""
    return [
        advice
        for voice in range(len(names))
        for advice in (
            *_too_few(names[voice], memories[voice]),
            *_too_mixed(names[voice], memories[voice], thresholds[voice], norm.of(voice).to("cpu")),
            *_too_close(voice, names, memories, thresholds, norm.of(voice).to("cpu")),
        )
    ]


def _too_few(name: str, memory: Tensor) -> list[Advice]:
    if len(memory) >= FEWEST_ROWS:
        return []
    return [
        Advice(name, f"only {len(memory)} windows of speech: {FEWEST_ROWS} are the least, 60 (half a minute) are good")
    ]


def pieces(memory: Tensor) -> Tensor:
    """The middles (p, d) of every `PIECE` rows of a memory (m, d): what stretches of a recording would sound like."""
    parts = torch.split(memory, PIECE) if len(memory) else ()
    whole = [part for part in parts if len(part) == PIECE] or list(parts[:1])
    return torch.stack([centroid(part) for part in whole]) if whole else memory


def own_scores(memory: Tensor, norm: ScoreNorm) -> Tensor:
    """Scores (p,) of the memory's pieces with the rows (m, d) that share no audio with them.

    `norm` is this voice's alone. Empty where there are too few rows to leave a piece and its neighbours out.
    """
    if len(memory) < 2 * PIECE + NEIGHBOURS:
        return torch.zeros(0)
    parts = pieces(memory)
    rest = [
        torch.cat((memory[: max(0, first - NEIGHBOURS)], memory[first + PIECE + NEIGHBOURS :]))
        for first in range(0, len(parts) * PIECE, PIECE)
    ]
    raw = torch.stack([part @ centroid(others) for part, others in zip(parts, rest, strict=True)])
    return norm.apply(raw[None], parts)[0] * PIECE_FACTOR


def scores_with(memory: Tensor, others: Tensor, norm: ScoreNorm) -> Tensor:
    """Scores (p,) of the pieces of other rows (m, d) with a memory; `norm` is that of its voice alone."""
    parts = pieces(others)
    return norm.apply((parts @ centroid(memory))[None], parts)[0] * PIECE_FACTOR


def _too_mixed(name: str, memory: Tensor, threshold: float, norm: ScoreNorm) -> list[Advice]:
    scores = own_scores(memory.cpu(), norm)
    if not len(scores):
        return []
    found = float((scores >= threshold).float().mean())
    if found >= FOUND_SHARE:
        return []
    return [
        Advice(
            name,
            f"samples differ: by the others only {100 * found:.0f} % of their parts would be found "
            f"(median {float(scores.median()):.2f}, threshold {threshold:.2f}); is somebody else heard in one?",
        )
    ]


def _too_close(
    voice: int,
    names: Sequence[str],
    memories: Sequence[Tensor],
    thresholds: Sequence[float],
    norm: ScoreNorm,
) -> list[Advice]:
    warnings = []
    memory = memories[voice].cpu()
    for other, theirs in enumerate(memories):
        if other == voice or not len(theirs) or not len(memory):
            continue
        scores = scores_with(memory, theirs.cpu(), norm)
        confused = float((scores >= thresholds[voice]).float().mean())
        if confused > CONFUSED_SHARE:
            warnings.append(
                Advice(
                    names[voice],
                    f"close to {names[other]}: {100 * confused:.0f} % of that voice's samples score above "
                    f"{thresholds[voice]:.2f} (median {float(scores.median()):.2f}); is it the same person?",
                )
            )
    return warnings
