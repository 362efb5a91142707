"""Turns of one recording that are one person's: the two groups that are likeliest one person become one, until none is.

How likely that is says `voicemark.voice.evidence`, from all that a group has by then: with each turn that joins, its
mean says more and the next turn is judged more strictly. Two people made one is worse than one person made two, so
JOIN asks for more than even odds.

All pairs of n turns are n² numbers. A recording with more than AT_ONCE turns is clustered in blocks of so many
neighbouring turns, and what comes of the blocks once more, so memory does not grow with the square of its length.
People of different blocks are joined by the evidence that joins turns in a short recording.
"""

import numpy as np
from numpy.typing import NDArray

from voicemark.voice.evidence import Floats, same_person

JOIN = 4.0  # logarithm of the odds from which two groups are one person
AT_ONCE = 2000  # turns; their products are 32 MB, an hour of television has about 1,000
MOST = 4000  # groups that are compared at once where a recording has that many; beyond that blocks stay apart
NEVER = -np.inf


def people(
    means: NDArray[np.float32], variances: Floats, join: float = JOIN, at_once: int = AT_ONCE, most: int = MOST
) -> NDArray[np.int64]:
    """Whose each turn is: (n, d) means of the turns' windows and their variances (n,) → (n,), from 0 as they come.

    The same turns give the same people on every run. Where the blocks leave more than `at_once` people, larger blocks
    are made of them, up to `most`: at most most² numbers are held. ValueError where lengths differ.
    """
    labels = np.arange(len(means))
    rows, spread = means.astype(np.float64), variances.astype(np.float64)
    while len(rows):
        parts = [
            _agglomerate(rows[k : k + at_once], spread[k : k + at_once], join) for k in range(0, len(rows), at_once)
        ]
        firsts = np.cumsum([0, *(int(part.max()) + 1 for part in parts)])
        joined = np.concatenate([part + first for part, first in zip(parts, firsts[:-1], strict=True)])
        labels = joined[labels]
        if len(parts) == 1:
            break
        rows, spread = _merged(rows, spread, joined, int(firsts[-1]))
        if len(rows) > at_once:
            if at_once == most:
                break
            at_once = min(most, 2 * at_once)
    return in_order(labels)


def _merged(rows: Floats, variances: Floats, labels: NDArray[np.int64], count: int) -> tuple[Floats, Floats]:
    """Means (count, d) and variances (count,) of what is joined."""
    weights = np.bincount(labels, 1.0 / variances, count)
    sums = np.zeros((count, rows.shape[1]))
    np.add.at(sums, labels, rows / variances[:, None])
    return sums / weights[:, None], 1.0 / weights


def _agglomerate(rows: Floats, variances: Floats, join: float) -> NDArray[np.int64]:
    """(n, d), (n,) → (n,): greedily, the best pair first; of equal pairs the one with the earliest turn."""
    count, dim = rows.shape
    products = rows @ rows.T
    squares, spread = products.diagonal().copy(), variances.copy()
    scores = np.stack([same_person(products[k], squares, spread, squares[k], spread[k], dim) for k in range(count)])
    np.fill_diagonal(scores, NEVER)
    alive = np.ones(count, np.bool_)
    owner = np.arange(count)
    nearest = scores.argmax(axis=1) if count else np.zeros(0, np.int64)
    height = scores[np.arange(count), nearest]  # of the best partner, or more where it is stale
    stale = np.zeros(count, np.bool_)
    while count and height[keep := int(height.argmax())] >= join:
        if stale[keep]:
            nearest[keep] = scores[keep].argmax()
            height[keep] = scores[keep, nearest[keep]]
            stale[keep] = False
            continue
        gone = int(nearest[keep])
        u, w = 1.0 / spread[keep], 1.0 / spread[gone]
        mixed = (u * products[keep] + w * products[gone]) / (u + w)
        squares[keep] = (u * mixed[keep] + w * mixed[gone]) / (u + w)
        products[keep], products[:, keep], spread[keep] = mixed, mixed, 1.0 / (u + w)
        products[keep, keep] = squares[keep]
        alive[gone] = False
        owner[owner == gone] = keep
        row = same_person(mixed, squares, spread, squares[keep], spread[keep], dim)
        row[~alive] = NEVER
        row[keep] = NEVER
        scores[gone], scores[:, gone], height[gone] = NEVER, NEVER, NEVER
        scores[keep], scores[:, keep] = row, row
        # a lost partner leaves its height as a bound: rows are searched again only when it is their turn
        stale |= alive & ((nearest == keep) | (nearest == gone))
        better = alive & (row >= height)
        nearest[better], height[better], stale[better] = keep, row[better], False
        nearest[keep] = row.argmax()
        height[keep], stale[keep] = row[nearest[keep]], False
    return in_order(owner)


def in_order(owner: NDArray[np.int64]) -> NDArray[np.int64]:
    """The same groups, counted as they come."""
    _, firsts, inverse = np.unique(owner, return_index=True, return_inverse=True)
    rank = np.empty(len(firsts), np.int64)
    rank[np.argsort(firsts)] = np.arange(len(firsts))
    return np.asarray(rank[inverse], np.int64)
