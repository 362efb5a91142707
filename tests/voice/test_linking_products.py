"""Pairs over a floor are the same in whatever tiles they are looked for."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from voicemark.voice.linking_products import pairs_over


@settings(deadline=None, max_examples=30)
@given(
    rows=st.integers(0, 12), columns=st.integers(0, 12), many=st.integers(1, 13), wide=st.integers(1, 13),
    floor=st.floats(-2, 2), after=st.booleans(), seed=st.integers(0, 999),
)  # fmt: skip
def test_every_pair_over_the_floor_is_found_once(
    rows: int, columns: int, many: int, wide: int, floor: float, after: bool, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    left, right = rng.standard_normal((2, 12, 3)).astype(np.float32)
    left, right = left[:rows], (left[:rows] if after else right[:columns])
    tiles = 0

    def one_more() -> None:
        nonlocal tiles
        tiles += 1

    found: list[tuple[int, int]] = []
    for row, column, product in pairs_over(left, right, floor, after=after, tile=(many, wide), go_on=one_more):
        found += zip(row.tolist(), column.tolist(), strict=True)
        assert np.allclose(product, (left[row] * right[column]).sum(axis=1), atol=1e-5)
    whole = left @ right.T
    near = np.abs(whole - floor) < 1e-5
    expected = {(i, j) for i, j in np.argwhere((whole >= floor) & ~near).tolist() if j > i or not after}
    assert len(found) == len(set(found))
    assert expected <= set(found) <= expected | set(map(tuple, np.argwhere(near).tolist()))
    assert tiles > 0 or not len(left) or not len(right)
