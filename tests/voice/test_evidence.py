"""The score of two groups is what the model says, and asks less of short turns."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicemark.voice.evidence import BETWEEN, independent, same_person, variance


def density(point: np.ndarray, covariance: np.ndarray) -> float:
    return float(-0.5 * (point @ np.linalg.solve(covariance, point) + np.log(np.linalg.det(2 * np.pi * covariance))))


@given(seed=st.integers(0, 10_000), dim=st.integers(1, 6), v=st.floats(0.01, 2), w=st.floats(0.01, 2))
def test_is_the_ratio_of_the_gaussian_densities(seed: int, dim: int, v: float, w: float) -> None:
    x, y = np.random.default_rng(seed).standard_normal((2, dim)) / np.sqrt(dim)
    b = BETWEEN / dim
    together = np.array([[b + v / dim, b], [b, b + w / dim]])
    expected = sum(
        density(np.array([x[k], y[k]]), together)
        - density(x[k : k + 1], together[:1, :1])
        - density(y[k : k + 1], together[1:, 1:])
        for k in range(dim)
    )
    assert float(same_person(x @ y, x @ x, v, y @ y, w, dim)) == pytest.approx(expected, rel=1e-6, abs=1e-6)


def test_the_same_cosine_says_less_of_short_turns_than_of_long_ones() -> None:
    short, long = variance(np.array([2]), 0.5, 2.0)[0], variance(np.array([60]), 0.5, 2.0)[0]
    cosine, dim = 0.25, 128

    def says(v: float) -> float:
        square = BETWEEN + v
        return float(same_person(cosine * square, square, v, square, v, dim))

    assert says(short) > 0 > says(long)


def test_windows_that_share_audio_count_as_the_time_that_they_cover() -> None:
    assert independent(1, 0.5, 2.0) == 1
    assert independent(5, 0.5, 2.0) == 2
    assert independent(9, 0.25, 2.0) == 2
    assert independent(3, 2.0, 2.0) == 3
