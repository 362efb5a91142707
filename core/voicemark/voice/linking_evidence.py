"""Are two local speakers of different recordings one person? The evidence model, across recordings.

As `voicemark.voice.evidence` says it of turns in a recording: a person is a point, what is heard of it lies around it.
Across recordings a local speaker who is heard for s seconds lies around its person with variance

    v = RECORDING + WINDOW / max(1, s / 2 s)

RECORDING being what one recording's rooms, mood and music add, and the mean of several, each weighted by 1 / v, with
1 / Σ (1 / v). Kept is a direction; its length is what the model expects, √(BETWEEN + v). The logarithm of the odds asks
much of what little speech says and less of hours, so one bound holds for a guest and a presenter.

Score normalisation (`voicemark.voice.score_norm`), which helps where a few memories are compared with everybody, was
measured here and left out: at every bound it let in more strangers for as many people found (docs/people.md).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from voicemark.voice.evidence import WINDOW, same_person
from voicemark.voice.linking_products import nothing, pairs_over
from voicemark.voice.quantisation import restore

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]

RECORDING = 0.08
BETWEEN = 0.28
WINDOW_S = 2.0
GRID = 64
SLACK = 0.005  # more than the product varies between two points of the grid
AT_ONCE = 20_000  # pairs whose means are multiplied at once
ALONE = 1e-4  # of a group's weight: who leaves less behind is all there is of it


@dataclass
class Means:
    """Groups of local speakers, each by its mean; n of them, which become one another."""

    rows: Floats
    """(n, d): the means."""
    squares: Floats
    """(n,): squared lengths of the means."""
    variances: Floats
    """(n,)"""
    dim: int

    def __len__(self) -> int:
        return len(self.variances)

    def only(self, places: Ints) -> "Means":
        """Some of them, by themselves."""
        return Means(self.rows[places], self.squares[places], self.variances[places], self.dim)

    def joined(self, others: "Means") -> "Means":
        """These, then the others."""
        return Means(
            np.concatenate((self.rows, others.rows)),
            np.concatenate((self.squares, others.squares)),
            np.concatenate((self.variances, others.variances)),
            self.dim,
        )

    def grouped(self, groups: Sequence[Sequence[int]]) -> "Means":
        """The mean of each group of them."""
        sizes = np.array([len(group) for group in groups], np.int64)
        places = np.array([k for group in groups for k in group], np.int64)
        if not len(groups):
            return self.only(places)
        starts = np.cumsum(np.append(0, sizes[:-1]))
        precision = 1 / self.variances[places]
        total = np.add.reduceat(precision, starts)
        weights = (precision / np.repeat(total, sizes))[:, None]
        rows = np.add.reduceat(self.rows[places] * weights, starts)
        return Means(rows, np.einsum("gd,gd->g", rows, rows), (1 / total).astype(np.float32), self.dim)

    def merge(self, kept: int, gone: int) -> None:
        """Make `kept` the mean of both."""
        u, w = 1 / self.variances[kept], 1 / self.variances[gone]
        u, w = u / (u + w), w / (u + w)
        product = self.rows[kept] @ self.rows[gone]
        self.squares[kept] = u * u * self.squares[kept] + 2 * u * w * product + w * w * self.squares[gone]
        self.rows[kept] = u * self.rows[kept] + w * self.rows[gone]
        self.variances[kept] = 1 / (1 / self.variances[kept] + 1 / self.variances[gone])


def means_of(directions: NDArray[np.int8], seconds: NDArray[np.float64]) -> Means:
    """Each local speaker by itself: (n, d) as they are kept, (n,) seconds."""
    variances = (RECORDING + WINDOW / np.maximum(1.0, seconds / WINDOW_S)).astype(np.float32)
    squares = BETWEEN + variances
    rows = restore(directions) * np.sqrt(squares)[:, None]
    return Means(rows, squares, variances, directions.shape[1])


def likeness(means: Means, first: Ints, second: Ints, products: Floats | None = None) -> Floats:
    """The logarithm of the odds that first[k] and second[k] are one person: (e,), (e,) → (e,)."""
    if products is None:
        parts = [
            np.einsum("ed,ed->e", means.rows[first[k : k + AT_ONCE]], means.rows[second[k : k + AT_ONCE]])
            for k in range(0, len(first), AT_ONCE)
        ]
        products = np.concatenate(parts) if parts else np.zeros(0, np.float32)
    return _odds(means, means, first, second, products)


def _odds(one: Means, other: Means, first: Ints, second: Ints, products: Floats) -> Floats:
    """Of places in one and in the other: (e,), (e,) and their products → (e,)."""
    return same_person(
        products.astype(np.float64),
        one.squares[first].astype(np.float64),
        one.variances[first].astype(np.float64),
        other.squares[second].astype(np.float64),
        other.variances[second].astype(np.float64),
        one.dim,
        BETWEEN,
    ).astype(np.float32)


def likeness_without(means: Means, groups: Means, members: Ints, mine: Ints) -> Floats:
    """The same of each member with the rest of its group: (e,) places in `means` and in `groups` → (e,).

    −∞ where it is all there is of its group.
    """
    result = np.full(len(members), -np.inf, np.float32)
    for start in range(0, len(members), AT_ONCE):
        some, group = members[start : start + AT_ONCE], mine[start : start + AT_ONCE]
        own, whole = 1 / means.variances[some].astype(np.float64), 1 / groups.variances[group].astype(np.float64)
        left = whole - own
        several = left > ALONE * whole
        some, group = some[several], group[several]
        own, whole, left = own[several], whole[several], left[several]
        rows = means.rows[some].astype(np.float64)
        rest = (whole[:, None] * groups.rows[group] - own[:, None] * rows) / left[:, None]
        result[start + np.flatnonzero(several)] = same_person(
            np.einsum("ed,ed->e", rows, rest),
            np.einsum("ed,ed->e", rest, rest),
            1 / left,
            means.squares[some].astype(np.float64),
            means.variances[some].astype(np.float64),
            means.dim,
            BETWEEN,
        )
    return result


def likely(rows: Means, columns: Means, least: float, go_on: Callable[[], None] = nothing) -> tuple[Ints, Ints, Floats]:
    """All pairs that are one person with logarithmic odds of `least` at least: rows (e,), columns (e,), odds (e,)."""
    floor = lowest_product(least, rows, columns)
    parts = [(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.float32))]
    for row, column, products in pairs_over(rows.rows, columns.rows, floor, go_on=go_on):
        score = _odds(rows, columns, row, column, products)
        enough = score >= least
        parts.append((row[enough], column[enough], score[enough]))
    first, second, odds = (np.concatenate(each) for each in zip(*parts, strict=True))
    return first, second, odds


def lowest_product(least: float, *some: Means) -> float:
    """A product below which no two of these reach `least`; found on a grid over their variances."""
    variances, squares = (np.concatenate(each) for each in zip(*((m.variances, m.squares) for m in some), strict=True))
    if not len(variances):
        return np.inf
    dim = some[0].dim
    grid = np.linspace(float(variances.min()), float(variances.max()), GRID)
    shortest = float((squares / (BETWEEN + variances)).min())  # what is shorter needs less
    a, c = (BETWEEN + grid)[:, None] / dim, (BETWEEN + grid)[None] / dim
    b = BETWEEN / dim
    determinant = a * c - b * b
    spread = np.log(determinant) - np.log(a) - np.log(c)
    length = 2 * shortest * dim
    needed = length * a * c + determinant * (2 * least + dim * spread - length)
    return float((needed / (2 * b)).min()) - SLACK
