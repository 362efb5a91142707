"""How each voice stands among the others: what pieces of every memory would score with every memory.

A piece is what a short turn of a recording would sound like. All pieces are scored with all memories in a few matrix
products, and what the cohort takes from each is computed once.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from voicemark.voice.match import centroid
from voicemark.voice.naming import evidence_factor
from voicemark.voice.score_norm import ScoreNorm, offsets

PIECE = 8  # windows: a short turn
PIECE_FACTOR = float(evidence_factor(np.array([PIECE]), hop_s=0.5, window_s=2.0)[0])
"""What so short a turn's cosine is multiplied by, to compare with a threshold: see `voicemark.voice.naming`."""
NEIGHBOURS = 4  # windows on either side share audio with a piece: they prove nothing about it
AT_ONCE = 2048  # pieces: their cosines with a cohort of 4,000 rows are 33 MB


@dataclass(frozen=True)
class Standing:
    """All voices and their pieces. Scores are on the scale of the thresholds."""

    own: tuple[Tensor, ...]
    """Of each voice, the scores of its pieces with the rest of its memory: see `own_scores`."""
    means: Tensor
    """(voices, voices): mean score with the row's memory of the column's pieces; nan where it cannot be known.
    A voice's own pieces are scored with rows that share no audio with them."""
    confused: Tensor
    """(voices, voices): share of the column's pieces that reach the row's threshold; 0 for a voice itself."""
    centres: Tensor
    """(voices, d)"""
    parts: tuple[Tensor, ...]
    """Of each voice, its pieces (p, d)."""
    taken: tuple[Tensor, ...]
    """What the cohort takes from each of the pieces, (p,)."""
    norm: ScoreNorm

    @classmethod
    def of(cls, memories: Sequence[Tensor], thresholds: Sequence[float], norm: ScoreNorm) -> "Standing":
        """Of memories (m, d) with rows of length 1 in the order of their samples."""
        memories, norm = [memory.cpu() for memory in memories], norm.to("cpu")
        parts = tuple(map(pieces, memories))
        sizes = [len(part) for part in parts]
        count = len(memories)
        centres = torch.stack([centroid(memory) for memory in memories]) if memories else torch.zeros(0, 0)
        every = torch.cat(parts) if parts else torch.zeros(0, 0)
        owner = torch.repeat_interleave(torch.arange(count), torch.tensor(sizes, dtype=torch.long))
        least = torch.tensor(thresholds, dtype=torch.float32)[:, None]
        means, confused = torch.zeros(count, count), torch.zeros(count, count)
        taken = []
        for block, whose in zip(every.split(AT_ONCE), owner.split(AT_ONCE), strict=True):
            taken.append(torch.zeros(len(block)) if norm.cohort is None else offsets(block, norm.cohort))
            scores = (centres @ block.T - norm.offsets[:, None] - taken[-1]) * PIECE_FACTOR
            means.index_add_(1, whose, scores)
            confused.index_add_(1, whose, (scores >= least).float())
        many = torch.tensor(sizes, dtype=torch.float32)
        means, confused = means / many, (confused / many).nan_to_num(0.0)
        own = tuple(own_scores(memory, norm.of(voice)) for voice, memory in enumerate(memories))
        for voice, scores in enumerate(own):
            means[voice, voice] = scores.mean() if len(scores) else torch.nan
        empty = torch.tensor([not len(memory) for memory in memories], dtype=torch.bool)
        means[empty], confused[empty] = torch.nan, 0.0
        confused.fill_diagonal_(0.0)
        return cls(own, means, confused, centres, parts, torch.cat(taken).split(sizes) if taken else (), norm)

    def scores(self, voice: int, other: int) -> Tensor:
        """Scores (p,) of the pieces of another voice with this one's memory."""
        raw = self.parts[other] @ self.centres[voice]
        return (raw - self.norm.offsets[voice] - self.taken[other]) * PIECE_FACTOR


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
