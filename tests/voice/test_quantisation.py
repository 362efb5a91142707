"""Embeddings in a byte per component."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from voicemark.errors import DatabaseError
from voicemark.voice.quantisation import error_bound, pack, restore, unpack_int8


def unit_rows(rng: np.random.Generator, count: int, dim: int, unevenness: float) -> np.ndarray:
    """Directions whose components differ in size, as a network's do: `unevenness` 0 is a round cloud."""
    rows = rng.standard_normal((count, dim)) * np.exp(unevenness * rng.standard_normal(dim))
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


@given(seed=st.integers(0, 2**32 - 1), unevenness=st.floats(0, 0.7), dim=st.sampled_from([32, 128, 192]))
@settings(max_examples=60, deadline=None)
def test_scores_of_packed_embeddings_are_within_a_hundredth(seed: int, unevenness: float, dim: int) -> None:
    rng = np.random.default_rng(seed)
    windows, memory = unit_rows(rng, 50, dim, unevenness), unit_rows(rng, 40, dim, unevenness)
    packed = restore(unpack_int8(pack(windows), dim))
    assert np.abs(packed @ memory.T - windows @ memory.T).max() < 0.01


@given(
    row=arrays(np.float32, 16, elements=st.floats(-1, 1, width=16)).filter(lambda row: np.abs(row).max() > 1e-3),
    seed=st.integers(0, 2**32 - 1),
)
@settings(deadline=None)
def test_no_row_however_odd_moves_a_cosine_by_more_than_the_bound(row: np.ndarray, seed: int) -> None:
    row = row / np.linalg.norm(row)
    packed = restore(unpack_int8(pack(row[None]), 16))[0]
    away = packed - row
    others = unit_rows(np.random.default_rng(seed), 20, 16, 0.3)
    worst = away / np.linalg.norm(away) if away.any() else others[0]  # the direction that sees the whole error
    for other in (*others, worst):
        assert abs(float(packed @ other - row @ other)) <= error_bound(row) + 1e-6


def test_rows_come_back_with_length_one_and_silence_as_zeros() -> None:
    rows = unit_rows(np.random.default_rng(1), 5, 128, 0.2)
    rows[2] = 0
    back = restore(unpack_int8(pack(rows), 128))
    assert np.linalg.norm(back, axis=1) == pytest.approx([1, 1, 0, 1, 1], abs=1e-6)


def test_packing_what_was_unpacked_changes_nothing() -> None:
    data = pack(unit_rows(np.random.default_rng(2), 30, 128, 0.3))
    assert pack(restore(unpack_int8(data, 128))) == data


def test_an_hour_takes_less_than_a_megabyte() -> None:
    hour = np.zeros((7200, 128), np.float32)
    assert len(pack(hour)) < 1_000_000


def test_no_windows_are_no_bytes() -> None:
    assert pack(np.zeros((0, 128), np.float32)) == b""
    assert unpack_int8(b"", 128).shape == (0, 128)


def test_half_a_row_is_refused() -> None:
    with pytest.raises(DatabaseError, match="damaged"):
        unpack_int8(b"x" * 130, 128)
