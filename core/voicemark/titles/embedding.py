"""Title embedding: a title is the normalised sum of its words' embeddings, learned from weak categories.

In the spirit of StarSpace (Wu et al., "StarSpace: Embed All The Things!", arXiv:1709.03856): N titles of one category
are drawn, and the mean of N - 1 of them must lie nearer to the one left out than titles of other categories do.

A word's embedding has two parts. Its *spelling* is fixed: every feature (the word, its character n-grams) adds its
inverse document frequency at a few places that its hash picks (sparse random projection, Achlioptas 2003; Li, Hastie
and Church 2006), so that the dot product comes near TF-IDF over words and n-grams, for words never seen too. Its
*meaning* is learned; features that were never seen have none. Each part of a title's vector is normalised, and the
two share the vector's length, so that a cosine of titles is a weighted mean of two cosines.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from voicemark.titles.vocabulary import FeatureBag, Vocabulary, flat_sum

MARGIN = 0.2
_GOLDEN = np.uint64(0x9E37_79B9_7F4A_7C15)  # splitmix64 (Steele, Lea and Flood 2014)


@dataclass(frozen=True)
class TitleConfig:
    """Dimensions of a title's vector, and how its two parts weigh."""

    spelling_dim: int = 640
    meaning_dim: int = 128
    meaning_share: float = 0.4
    """Of a title's cosine; the rest is spelling."""
    places: int = 4
    """Of the spelling part that one feature adds to."""
    word_weight: float = 3.0
    """A whole word's weight; an n-gram's is 1."""


@dataclass(frozen=True)
class TitleModel:
    """A vocabulary and the learned table; `embed` is all that others need.

    `meaning` (vocabulary.size, meaning_dim): row PAD and the rows of features that were not seen are zero.
    """

    config: TitleConfig
    vocabulary: Vocabulary
    meaning: Tensor

    @property
    def dim(self) -> int:
        """Length of a title's vector."""
        return self.config.spelling_dim + self.config.meaning_dim

    def embed(self, titles: Sequence[str]) -> NDArray[np.float32]:
        """(n, dim) of length 1; a title without any word or sign is a row of zeros."""
        bag = self.vocabulary.bag(titles)
        with torch.no_grad():
            meaning = functional.normalize(flat_sum(bag, self.meaning), dim=1).numpy()
        spelling = _normalised(self._spelling(bag))
        share = np.where(meaning.any(axis=1, keepdims=True), self.config.meaning_share, 0.0)
        parts = (np.sqrt(1 - share) * spelling, np.sqrt(share) * meaning)
        return np.concatenate(parts, axis=1).astype(np.float32)

    def _spelling(self, bag: FeatureBag) -> NDArray[np.float64]:
        """(n, spelling_dim): each feature adds its weight, with a sign, at a few places."""
        n, dim, places = len(bag.lengths), self.config.spelling_dim, self.config.places
        row = np.repeat(np.arange(n), bag.lengths)
        counter = (bag.ids[:, None] * places + np.arange(places)).astype(np.uint64)
        code = _splitmix(counter)
        signed = np.where(code >> np.uint64(63), 1.0, -1.0) * self._weights[bag.ids][:, None]
        place = row[:, None] * dim + (code % np.uint64(dim)).astype(np.int64)
        summed = np.bincount(place.ravel(), signed.ravel(), minlength=n * dim)
        return summed.astype(np.float64, copy=False).reshape(n, dim)

    @cached_property
    def _weights(self) -> NDArray[np.float64]:
        """(vocabulary.size,) inverse document frequency, smoothed as scikit-learn's TfidfTransformer does."""
        weights: NDArray[np.float64] = np.log((1 + self.vocabulary.texts) / (1 + self.vocabulary.counts)) + 1
        weights[: self.vocabulary.first_ngram] *= self.config.word_weight
        return weights


def leave_one_out_loss(titles: Tensor, same: Tensor, *, margin: float = MARGIN, hardest: int = 10) -> Tensor:
    """Triplet loss `max(0, margin - pos + neg)` of N titles each from C categories, each left out in turn.

    `titles` (C, N, d), normalised; the mean of the other N - 1 predicts the one left out: `pos` is their cosine, `neg`
    the cosine with a title of another category in the batch. `same` (C, C * N) says which titles of the batch have
    category c, and so are no negatives for it, however many categories a title has. Of the negatives, the `hardest`
    for each prediction count. The mean over the C * N predictions.
    """
    _, drawn, dim = titles.shape
    rest = functional.normalize((titles.sum(dim=1, keepdim=True) - titles) / (drawn - 1), dim=2)  # (C, N, d)
    pos = (rest * titles).sum(dim=2).reshape(-1, 1)  # (C * N, 1)
    neg = rest.reshape(-1, dim) @ titles.reshape(-1, dim).T  # (C * N, C * N)
    violation = (margin - pos + neg).clamp(min=0) * ~same.repeat_interleave(drawn, dim=0)
    hard: Tensor = violation.topk(min(hardest, violation.shape[1]), dim=1).values
    return hard.mean()


def scale_by_inverse_frequency(gradient: Tensor, counts: Tensor, power: float = 1.0) -> Tensor:
    """A sparse gradient (size, d) with each row divided by its feature's count in the whole training text.

    A feature that occurs a hundred times gets a hundred gradients where a rare one gets one; divided by the count,
    both move as far in an epoch. PyTorch's `scale_grad_by_freq` is not this: it divides by the number of times that a
    feature stands *in the mini-batch at hand*, where nearly every rare word stands once, and so does not tell a word
    that occurs once in the guide from one that occurs in every tenth title. Optimisers that divide by the gradient's
    own size (Adam, Adagrad) undo any such scale; use plain SGD.

    `counts` (size,); counts under 1 are taken as 1. Works on the rows that the gradient has, all at once.
    """
    gradient = gradient.coalesce()
    rows, values = gradient.indices()[0], gradient.values()
    scale = counts[rows].clamp(min=1).to(values.dtype).pow(-power)
    scaled: Tensor = torch.sparse_coo_tensor(
        gradient.indices(), values * scale[:, None], gradient.shape, is_coalesced=True, check_invariants=False
    )
    return scaled


def initial_meaning(vocabulary: Vocabulary, config: TitleConfig, seed: int) -> Tensor:
    """(size, meaning_dim): random directions, as long as the feature's inverse document frequency.

    Row PAD is zero, and so are features that were never seen: they mean nothing.
    """
    generator = torch.Generator().manual_seed(seed)
    seen = torch.from_numpy(vocabulary.counts).nonzero().flatten()
    weights = ((1 + vocabulary.texts) / (1 + torch.from_numpy(vocabulary.counts)[seen])).log() + 1
    weights[seen < vocabulary.first_ngram] *= config.word_weight
    table = torch.zeros(vocabulary.size, config.meaning_dim)
    directions: Tensor = torch.randn(len(seen), config.meaning_dim, generator=generator)
    table[seen] = directions / config.meaning_dim**0.5 * weights.to(table.dtype)[:, None]
    return table


def _splitmix(counter: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """splitmix64's output for each counter: 64 well-mixed bits."""
    z = (counter + np.uint64(1)) * _GOLDEN
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58_476D_1CE4_E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D0_49BB_1331_11EB)
    return z ^ (z >> np.uint64(31))


def _normalised(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rows of length 1; zero rows stay."""
    lengths: NDArray[np.float64] = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.maximum(lengths, 1e-12)
