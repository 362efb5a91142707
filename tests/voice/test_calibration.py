"""Calibration makes one threshold mean the same for every voice."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn.functional import normalize

from voicemark.voice.calibration import (
    REFERENCE_MEAN,
    SHARE,
    calibrate,
    identity,
    memory_scores,
)


def rows(count: int, dim: int, seed: int, towards: Tensor | None = None, pull: float = 0.0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    drawn = torch.randn(count, dim, generator=generator)
    return normalize(drawn if towards is None else drawn + pull * towards, dim=1)


def naive_scores(memory: Tensor, windows: Tensor, top_k: int) -> list[float]:
    return [
        sum(sorted((float(row @ window) for row in memory), reverse=True)[:top_k]) / min(top_k, len(memory))
        for window in windows
    ]


@settings(max_examples=25, deadline=None)
@given(count=st.integers(1, 12), windows=st.integers(1, 6), top_k=st.integers(1, 7), seed=st.integers(0, 99))
def test_a_score_is_the_mean_of_the_best_cosines(count: int, windows: int, top_k: int, seed: int) -> None:
    memory, heard = rows(count, 8, seed), rows(windows, 8, seed + 1)
    assert memory_scores(memory, heard, top_k).tolist() == pytest.approx(naive_scores(memory, heard, top_k), abs=1e-5)


def test_strangers_reach_nearly_the_same_with_every_voice() -> None:
    """A voice near everybody's middle draws higher cosines from strangers: calibrated, far less so."""
    middle = rows(1, 32, 7)[0] * 6
    cohort = rows(600, 32, 1, middle, 0.4)
    common, rare = rows(30, 32, 2, middle, 0.8), rows(30, 32, 3)
    strangers = rows(600, 32, 4, middle, 0.4)
    calibration = calibrate([common, rare], cohort, 5)
    raw = torch.stack([memory_scores(memory, strangers, 5) for memory in (common, rare)])
    assert raw[0].mean() - raw[1].mean() > 0.15
    tail = calibration.apply(raw).quantile(0.99, dim=1)
    assert abs(float(tail[0] - tail[1])) < 0.6 * abs(float(raw.quantile(0.99, dim=1).diff()))


def test_a_share_of_what_strangers_reach_is_taken_away_and_distances_stay() -> None:
    cohort = rows(500, 16, 1)
    memory = rows(20, 16, 2)
    raw = memory_scores(memory, cohort, 5)
    calibrated = calibrate([memory], cohort, 5).apply(raw[None])[0]
    nearest = sum(sorted(raw.tolist(), reverse=True)[:25]) / 25
    expected = raw - SHARE * (nearest - REFERENCE_MEAN)
    assert torch.allclose(calibrated, expected, atol=1e-5)


def test_a_voices_calibration_does_not_depend_on_the_others() -> None:
    cohort = rows(200, 16, 1)
    memories = [rows(9, 16, seed) for seed in (2, 3)]
    together = calibrate(memories, cohort, 5)
    for voice, memory in enumerate(memories):
        alone = calibrate([memory], cohort, 5)
        assert torch.equal(alone.offset[0], together.offset[voice])
        assert torch.equal(alone.scale[0], together.scale[voice])


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 50))
def test_calibration_keeps_the_order_of_a_voices_scores(seed: int) -> None:
    calibration = calibrate([rows(8, 16, seed)], rows(100, 16, seed + 1), 5)
    raw = torch.linspace(-1, 1, 41)[None]
    assert bool((calibration.apply(raw).diff(dim=1) > 0).all())


@pytest.mark.parametrize("cohort", [None, rows(80, 16, 1)])
def test_without_a_cohort_worth_the_name_scores_stay(cohort: Tensor | None) -> None:
    raw = torch.tensor([[0.1, 0.9], [-0.2, 0.4]])
    assert torch.equal(calibrate([rows(5, 16, 2), rows(5, 16, 3)], cohort, 5).apply(raw), raw)


def test_no_voices_need_no_calibration() -> None:
    assert calibrate([], rows(100, 16, 1), 5).apply(torch.zeros(0, 4)).shape == (0, 4)
    assert identity(2).apply(torch.ones(2, 3)).tolist() == [[1.0] * 3] * 2
