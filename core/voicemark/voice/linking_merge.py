"""Groups out of many local speakers: those who are likeliest one person become one, round by round, until none is.

All pairs are compared once, in blocks of matrix products, and of each row the MOST best that reach `join` are kept.
From there on only what was found near is compared again: when two groups become one, what was near either is near it,
and how near says its own mean. In each round every two who are best for each other are joined (for average linkage the
same as the best pair of all first, again and again: Murtagh, "A survey of recent advances in hierarchical clustering
algorithms", The Computer Journal 26(4), 1983), but for those that must not be.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from voicemark.voice.linking_evidence import Means, likeness, lowest_product
from voicemark.voice.linking_products import COLUMNS, ROWS, nothing, pairs_over

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]

TILE = (ROWS, COLUMNS)
MOST = 48  # of those near a row that are remembered

Apart = Callable[[int, int], bool]
"""Whether two nodes, by what they are by now, must not become one."""


@dataclass(frozen=True)
class Edges:
    """Pairs of nodes, first < second, and how likely they are one person: all (e,)."""

    first: Ints
    second: Ints
    score: Floats


def near(
    means: Means, join: float, *, most: int = MOST, tile: tuple[int, int] = TILE, go_on: Callable[[], None] = nothing
) -> Edges:
    """Of each node the `most` best that are at least `join`, of those after it: every such pair once.

    `tile` rows and columns are compared at once, and `go_on` is called before each.
    """
    floor = lowest_product(join, means)
    parts = [
        _best_of_each(Edges(one, other, likeness(means, one, other, products)), join, most)
        for one, other, products in pairs_over(means.rows, means.rows, floor, after=True, tile=tile, go_on=go_on)
    ]
    return _joined(parts)


def agglomerate(
    means: Means,
    edges: Edges,
    join: float,
    merged: Callable[[int, int], None],
    apart: Apart,
    go_on: Callable[[], None] = nothing,
) -> Ints:
    """(n,): the node that each became part of. `means` is changed in place; `merged(kept, gone)` is told of each.

    Of two nodes the lower is kept. `apart` is asked when two would be joined; who must be apart then stays so. `go_on`
    is called before each round.
    """
    owner = np.arange(len(means))
    first, second, score = edges.first.copy(), edges.second.copy(), edges.score.copy()
    while len(score):
        go_on()
        best = np.full(len(means), -np.inf, np.float32)
        np.maximum.at(best, first, score)
        np.maximum.at(best, second, score)
        mutual = np.flatnonzero((score == best[first]) & (score == best[second]) & (score >= join))
        if not len(mutual):
            break
        keep = np.ones(len(score), np.bool_)
        used: set[int] = set()
        gone_to = np.arange(len(means))
        for edge in mutual[np.lexsort((second[mutual], first[mutual], -score[mutual]))].tolist():
            kept, gone = int(first[edge]), int(second[edge])
            if kept in used or gone in used:
                continue
            keep[edge] = False
            if apart(kept, gone):
                continue
            used.update((kept, gone))
            means.merge(kept, gone)
            merged(kept, gone)
            gone_to[gone] = kept
        owner = gone_to[owner]
        first, second, score = _moved(Edges(first[keep], second[keep], score[keep]), gone_to)
        changed = np.zeros(len(means), np.bool_)
        changed[list(used)] = True
        anew = np.flatnonzero(changed[first] | changed[second])
        score[anew] = likeness(means, first[anew], second[anew])
    return owner


def _moved(edges: Edges, gone_to: Ints) -> tuple[Ints, Ints, Floats]:
    """Edges between what their ends are by now, each once."""
    one, other = gone_to[edges.first], gone_to[edges.second]
    first, second = np.minimum(one, other), np.maximum(one, other)
    different = first != second
    first, second, score = first[different], second[different], edges.score[different]
    _, places = np.unique(first * (len(gone_to) + 1) + second, return_index=True)
    return first[places], second[places], score[places]


def _best_of_each(edges: Edges, least: float, most: int) -> Edges:
    enough = np.flatnonzero(edges.score >= least)
    order = enough[np.lexsort((edges.second[enough], -edges.score[enough], edges.first[enough]))]
    rows = edges.first[order]
    starts = np.flatnonzero(np.concatenate(([True], rows[1:] != rows[:-1]))) if len(rows) else np.zeros(0, np.int64)
    rank = np.arange(len(rows)) - np.repeat(starts, np.diff(np.append(starts, len(rows))))
    order = order[rank < most]
    return Edges(edges.first[order], edges.second[order], edges.score[order])


def _joined(parts: list[Edges]) -> Edges:
    if not parts:
        return Edges(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.float32))
    return Edges(
        np.concatenate([part.first for part in parts]),
        np.concatenate([part.second for part in parts]),
        np.concatenate([part.score for part in parts]),
    )
