"""Triplets: the cosine triplet loss and the search for violators, inside the batch and far outside it.

A triplet is an anchor, a positive (another window of the same voice) and a negative (a window of another voice
or of no voice). Once a network is fair, nearly every random negative is far away and the loss is 0. A *violator*
is a negative inside the margin; with only a batch to look at there are few, so the miner also looks through a
bank of embeddings of the corpus.
"""

from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from voicemark.lab.batches.labels import UNKNOWN, Labels

MARGIN = 0.3
Mining = Literal["random", "batch", "bank"]


def triplet_loss(anchor: Tensor, positive: Tensor, negative: Tensor, margin: float = MARGIN) -> Tensor:
    """max(0, margin - a·p + a·n) per row; all three (n, dim) of unit length → (n,)."""
    return F.relu(margin - (anchor * positive).sum(1) + (anchor * negative).sum(1))


@dataclass(frozen=True)
class Mined:
    """For each anchor: the column of its negative, and whether that one is inside the margin."""

    negative: Tensor  # (n,) index
    found: Tensor  # (n,) bool: there is an allowed negative at all
    violates: Tensor  # (n,) bool: it is inside the margin


def mine(similarity: Tensor, positive: Tensor, allowed: Tensor, margin: float = MARGIN) -> Mined:
    """The hardest allowed negative of each anchor.

    `similarity` (n, m) cosines of anchors with candidates, `positive` (n,) cosine of each anchor with its own
    positive, `allowed` (n, m) which candidates may be negatives. Pure: the same input gives the same output.
    """
    masked = similarity.masked_fill(~allowed, -torch.inf)
    best, index = masked.max(1)
    return Mined(index, torch.isfinite(best), margin - positive + best > 0)


def draw(allowed: Tensor, generator: torch.Generator) -> Tensor:
    """A random allowed candidate per anchor: (n, m) bool → (n,) index (any index where none is allowed)."""
    score = torch.rand(allowed.shape, generator=generator).masked_fill(~allowed.cpu(), -1.0)
    return score.argmax(1).to(allowed.device)


class EmbeddingBank:
    """The last `size` embeddings of the corpus and whose they are; training keeps it fresh by adding each batch.

    After Wang et al., "Cross-Batch Memory for Embedding Learning" (CVPR 2020): embeddings drift slowly enough for
    older ones to be negatives still. They carry no gradient.
    """

    def __init__(self, size: int, dim: int, device: torch.device | str = "cpu") -> None:
        self.embeddings = torch.zeros(size, dim, device=device)
        self._speaker = torch.full((size,), UNKNOWN, device=device)
        self._source = torch.full((size,), -1, device=device)
        self._next = 0
        self._filled = 0

    def __len__(self) -> int:
        return self._filled

    def add(self, embeddings: Tensor, labels: Labels) -> None:
        """Take in a batch (n, dim); the oldest fall out."""
        size = len(self.embeddings)
        slots = (self._next + torch.arange(len(embeddings), device=self.embeddings.device)) % size
        self.embeddings[slots] = embeddings.detach().to(self.embeddings.dtype)
        self._speaker[slots] = labels.speaker
        self._source[slots] = labels.source
        self._next = (self._next + len(embeddings)) % size
        self._filled = min(size, self._filled + len(embeddings))

    def contents(self) -> tuple[Tensor, Labels]:
        """What is in it: (m, dim) and m labels."""
        n = self._filled
        return self.embeddings[:n], Labels(self._speaker[:n], self._source[:n])

    def ordered(self) -> tuple[Tensor, Labels]:
        """The same, oldest first: adding it to an empty bank of the same size gives an equal one."""
        first = self._next if self._filled == len(self.embeddings) else 0
        order = (first + torch.arange(self._filled, device=self.embeddings.device)) % len(self.embeddings)
        return self.embeddings[order], Labels(self._speaker[order], self._source[order])


@dataclass(frozen=True)
class TripletResult:
    """`loss` is the mean over triplets that are not zero; `zero_share` is the share of those that are."""

    loss: Tensor
    zero_share: float


def batch_triplets(
    embeddings: Tensor,
    labels: Labels,
    positive_of: Tensor,
    mining: Mining,
    bank: EmbeddingBank | None,
    generator: torch.Generator,
    margin: float = MARGIN,
) -> TripletResult:
    """Triplets of one batch (n, dim).

    `positive_of` (n,) is the row of each anchor's positive, or -1 for none. `random` draws any allowed negative of
    the batch, `batch` takes the hardest of the batch, `bank` the hardest of batch and bank.
    """
    anchors = torch.nonzero(positive_of >= 0).flatten()
    if not len(anchors):
        return TripletResult(embeddings.sum() * 0, 1.0)
    anchor, positive = embeddings[anchors], embeddings[positive_of[anchors]]
    own = Labels(labels.speaker[anchors], labels.source[anchors])
    candidates, theirs = embeddings, labels
    if mining == "bank" and bank is not None and len(bank):
        stored, stored_labels = bank.contents()
        candidates = torch.cat((embeddings, stored))
        theirs = Labels(
            torch.cat((labels.speaker, stored_labels.speaker)), torch.cat((labels.source, stored_labels.source))
        )
    allowed = own.negatives(theirs)  # (anchors, candidates)
    with torch.no_grad():
        if mining == "random":
            negative, found = draw(allowed, generator), allowed.any(1)
        else:
            mined = mine(anchor @ candidates.T, (anchor * positive).sum(1), allowed, margin)
            negative, found = mined.negative, mined.found
    loss = triplet_loss(anchor, positive, candidates[negative], margin)[found]
    active = loss > 0
    zero_share = 1.0 - float(active.float().mean()) if len(loss) else 1.0
    return TripletResult(loss.sum() / active.sum().clamp(min=1), zero_share)
