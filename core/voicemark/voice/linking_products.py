"""Pairs of rows whose product reaches a floor, tile by tile: however many there are to compare, memory is bounded."""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]

ROWS, COLUMNS = 1024, 16_384  # of a tile: its products are 64 MB


def nothing() -> None:
    """Nobody wants to know how it advances."""


def pairs_over(
    rows: Floats,
    columns: Floats,
    floor: float,
    *,
    after: bool = False,
    tile: tuple[int, int] = (ROWS, COLUMNS),
    go_on: Callable[[], None] = nothing,
) -> Iterator[tuple[Ints, Ints, Floats]]:
    """Of (r, d) and (c, d), for some rows at a time, all pairs whose product is `floor` at least: row, column, product,
    each (e,). `after`: only those whose column has a higher number than the row, as where both are the same.

    `go_on` is called before each tile.
    """
    many, wide = tile
    for top in range(0, len(rows), many):
        some, parts = rows[top : top + many], []
        for left in range(top // wide * wide if after else 0, len(columns), wide):
            go_on()
            products = some @ columns[left : left + wide].T
            row, column = np.nonzero(products >= floor)
            if after:
                row, column = (each[column + left > row + top] for each in (row, column))
            parts.append((row + top, column + left, products[row, column]))
        if parts:
            row, column, product = (np.concatenate(each) for each in zip(*parts, strict=True))
            yield row, column, product
