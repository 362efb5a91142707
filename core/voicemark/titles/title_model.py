"""A title's vector: the normalised sum of its words' embeddings, in two parts. Reading one needs no torch.

A word's embedding has two parts. Its *spelling* is fixed: every feature (the word, its character n-grams) adds its
inverse document frequency at a few places that its hash picks (sparse random projection, Achlioptas 2003; Li, Hastie
and Church 2006), so that the dot product comes near TF-IDF over words and n-grams, for words never seen too. Its
*meaning* is learned (`voicemark.titles.embedding`); features that were never seen have none. Each part of a title's
vector is normalised, and the two share the vector's length, so that a cosine of titles is a weighted mean of two
cosines.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from voicemark.titles.vocabulary import FeatureBag, Vocabulary

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
    meaning: NDArray[np.float32]

    @property
    def dim(self) -> int:
        """Length of a title's vector."""
        return self.config.spelling_dim + self.config.meaning_dim

    def embed(self, titles: Sequence[str]) -> NDArray[np.float32]:
        """(n, dim) of length 1; a title without any word or sign is a row of zeros."""
        bag = self.vocabulary.bag(titles)
        meaning = _normalised(_sums(bag, self.meaning))
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


def _sums(bag: FeatureBag, table: NDArray[np.float32]) -> NDArray[np.float64]:
    """(n, d): each bag's rows of `table` (size, d), added up."""
    sums = np.zeros((len(bag.lengths), table.shape[1]))
    np.add.at(sums, np.repeat(np.arange(len(bag.lengths)), bag.lengths), table[bag.ids])
    return sums


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
