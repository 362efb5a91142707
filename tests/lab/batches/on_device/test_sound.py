"""Sound in batches is what the same change makes of each row by itself."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from voicemark.lab.batches import augment
from voicemark.lab.batches.formants import KNOTS_HZ, warp_formants
from voicemark.lab.batches.on_device.sound import at_level, filtered, resampled, rms


def noise(rows: int, samples: int, seed: int = 0) -> torch.Tensor:
    return 0.1 * torch.randn(rows, samples, generator=torch.Generator().manual_seed(seed))


@given(st.integers(0, 2**20), st.floats(-40.0, 12.0))
@settings(max_examples=30, deadline=None)
def test_levels_are_those_of_one_row_alone(seed: int, dbfs: float) -> None:
    audio = noise(3, 500, seed)
    audio[1] = 0.0
    levels = torch.tensor([[dbfs], [dbfs], [dbfs - 3]])
    for row, level, changed in zip(audio, levels, at_level(audio, levels), strict=True):
        np.testing.assert_allclose(changed, augment.at_level(row.numpy(), float(level)), atol=1e-6)


def test_filters_are_those_of_one_row_alone() -> None:
    audio, rng = noise(3, 32_000), np.random.default_rng(1)
    responses = np.stack([augment.band_limits(32_000, rng) for _ in range(3)])
    for row, response, changed in zip(audio, responses, filtered(audio, torch.from_numpy(responses)), strict=True):
        np.testing.assert_allclose(changed, augment.filtered(row.numpy(), response), atol=1e-5)


@pytest.mark.parametrize("speed", [19, 25, 28, 32])
def test_another_number_of_samples_is_another_speed_as_a_resampler_has_it(speed: int) -> None:
    """Away from the ends, which the transform joins."""
    time = np.arange(50_000 * speed // 25) / 16_000
    tones = np.stack([np.sin(2 * np.pi * f * time) for f in (300, 2_500)]).astype(np.float32)
    played = resampled(torch.from_numpy(tones), 50_000)
    assert played.shape == (2, 50_000)
    for row, tone in zip(played, tones, strict=True):
        slowly = augment.resampled(tone, speed, 25)
        assert np.abs(row.numpy() - slowly)[1_000:-1_000].max() < 0.02


def test_what_would_lie_above_the_new_nyquist_frequency_is_gone() -> None:
    time = torch.arange(62_000) / 16_000
    high = torch.sin(2 * torch.pi * 7_500 * time)[None]
    assert rms(resampled(high, 50_000)[:, 1_000:-1_000]) < 0.02 * rms(high)


def test_formants_move_by_each_rows_own_ratio() -> None:
    audio = noise(3, 16_000)
    ratios = torch.tensor([0.88, 1.0, 1.13])[:, None] * torch.linspace(0.95, 1.05, len(KNOTS_HZ))
    for row, ratio, changed in zip(audio, ratios, warp_formants(audio, ratios), strict=True):
        np.testing.assert_allclose(changed, augment.warp_formants(row.numpy(), ratio.numpy()), atol=1e-5)
