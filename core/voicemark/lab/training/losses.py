"""Losses beside the triplet loss: an angular-margin softmax over known speakers, and distances to a teacher."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class AngularMarginSoftmax(nn.Module):
    """Additive angular margin softmax (Deng et al., "ArcFace", CVPR 2019) over `classes` voices.

    `embeddings` (n, dim) of unit length, `labels` (n,) in [0, classes). The margin in radians may be set while
    training goes on; it starts easily at 0.
    """

    def __init__(self, dim: int, classes: int, *, margin: float = 0.2, scale: float = 30.0) -> None:
        super().__init__()
        self.centres = nn.Parameter(torch.randn(classes, dim) * 0.1)
        self.margin = margin
        self.scale = scale

    def forward(self, embeddings: Tensor, labels: Tensor) -> Tensor:
        cosine = embeddings @ F.normalize(self.centres, dim=1).T  # (n, classes)
        own = cosine.gather(1, labels[:, None]).clamp(-1 + 1e-6, 1 - 1e-6)  # (n, 1)
        sine = (1 - own * own).sqrt()
        moved = own * math.cos(self.margin) - sine * math.sin(self.margin)
        # beyond pi - margin the cosine would rise again: go on linearly
        moved = torch.where(own > math.cos(math.pi - self.margin), moved, own - self.margin * math.sin(self.margin))
        logits = cosine.scatter(1, labels[:, None], moved) * self.scale
        return F.cross_entropy(logits, labels)


def distillation_loss(embeddings: Tensor, targets: Tensor) -> Tensor:
    """Mean of 1 - cosine to the teacher's embeddings, both (n, dim) of unit length; 0 for n = 0."""
    return (1 - (embeddings * targets).sum(1)).sum() / max(1, len(embeddings))


def relation_loss(embeddings: Tensor, targets: Tensor) -> Tensor:
    """Mean squared difference of the similarity matrices of student and teacher, off the diagonal.

    After Park et al., "Relational Knowledge Distillation" (CVPR 2019), with cosines as the relation.
    """
    n = embeddings.shape[0]
    difference = embeddings @ embeddings.T - targets @ targets.T  # (n, n)
    return (difference.square().sum() - difference.diagonal().square().sum()) / max(1, n * (n - 1))


def noise_loss(noise: Tensor, voices: Tensor, allowed: float = 0.1) -> Tensor:
    """Windows without any voice must not come near one: mean excess of their cosines over `allowed`.

    `noise` (m, dim) and `voices` (n, dim) of unit length; 0 where there are none of either.
    """
    if not len(noise) or not len(voices):
        return voices.new_zeros(())
    return F.relu(noise @ voices.T - allowed).mean()


class Projection:
    """The teacher's space in the student's number of dimensions: centred per source, then its principal axes.

    A source's mean is its microphones, language and codec, which tell no voices apart within it; a student would
    learn that first and keep it. Means of small sources lean towards that of all (as if `PRIOR` more clips lay
    there). Cosines lose little by the axes, and the student needs no layer that is thrown away afterwards.
    `targets` (n, teacher_dim) are the clips' embeddings, rows of zeros (silence) are left out; `sources` (n,)
    their sources' indices.
    """

    PRIOR = 20

    def __init__(self, targets: Tensor, sources: Tensor, dim: int) -> None:
        used = targets.square().sum(1) > 0
        everywhere = targets[used].mean(0)
        count = int(sources.max()) + 1
        sums = torch.zeros(count, targets.shape[1]).index_add_(0, sources[used], targets[used])
        clips = torch.zeros(count).index_add_(0, sources[used], torch.ones(int(used.sum())))
        self.means = (sums + self.PRIOR * everywhere) / (clips + self.PRIOR)[:, None]  # (sources, teacher_dim)
        centred = F.normalize(targets[used] - self.means[sources[used]], dim=1)
        _, vectors = torch.linalg.eigh(centred.T @ centred)  # ascending eigenvalues
        self.axes = vectors.flip(1)[:, : min(dim, vectors.shape[1])]  # (teacher_dim, dim)
        self.dim = dim
        self.kept = float((centred @ self.axes).square().sum() / centred.square().sum())
        """Share of the variance that the axes keep."""

    def to(self, device: torch.device) -> "Projection":
        """Moves it, in place."""
        self.means, self.axes = self.means.to(device), self.axes.to(device)
        return self

    def __call__(self, targets: Tensor, sources: Tensor) -> Tensor:
        """(n, teacher_dim), (n,) → (n, dim) of unit length; rows of zeros stay zeros."""
        silent = targets.square().sum(1, keepdim=True) == 0
        projected = F.normalize((targets - self.means[sources]) @ self.axes, dim=1)
        projected = F.pad(projected, (0, self.dim - projected.shape[1]))
        return projected.masked_fill(silent, 0.0)
