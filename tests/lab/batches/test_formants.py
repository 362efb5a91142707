"""Moving formants: each by its own ratio, in order, and nothing else."""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from voicemark.lab.batches.formants import FORMANT_FFT, KNOTS_HZ, between_knots, warp_formants

BINS = FORMANT_FFT // 2 + 1
HZ = np.linspace(0, KNOTS_HZ[-1], BINS)
ratios = st.lists(st.floats(0.75, 1.35), min_size=len(KNOTS_HZ), max_size=len(KNOTS_HZ))


@given(st.lists(ratios, min_size=1, max_size=3))
def test_between_knots_ratios_are_interpolated_linearly(rows: list[list[float]]) -> None:
    found = between_knots(torch.tensor(rows, dtype=torch.float64), BINS)
    for row, expected in zip(found, rows, strict=True):
        np.testing.assert_allclose(row, np.interp(HZ, KNOTS_HZ, expected), atol=1e-9)


@given(st.floats(0.85, 1.18), st.lists(st.floats(-0.12, 0.12), min_size=len(KNOTS_HZ), max_size=len(KNOTS_HZ)))
def test_formants_keep_their_order_however_training_bends_them(ratio: float, bend: list[float]) -> None:
    moved = torch.from_numpy(HZ) / between_knots(ratio * torch.tensor(bend, dtype=torch.float64).exp()[None], BINS)[0]
    assert (torch.diff(moved) > 0).all()


def test_one_formant_moves_up_and_another_down() -> None:
    frequencies = np.arange(1, 64) * 120.0
    low, high = (np.exp(-(((frequencies - centre) / 350) ** 2)) for centre in (1_200, 5_500))
    time = np.arange(48_000) / 16_000
    levels = 0.02 * (low + high + 0.01)
    turns = frequencies[:, None] * time + np.linspace(0, 7, len(frequencies))[:, None]
    voice = (levels[:, None] * np.sin(2 * np.pi * turns)).sum(0)
    ratio = torch.tensor([[1.15, 1.15, 1.0, 0.9, 0.9]])
    moved = warp_formants(torch.from_numpy(voice.astype(np.float32))[None], ratio)[0].numpy()

    def centre(audio: np.ndarray, above: float, below: float) -> float:
        power = np.abs(np.fft.rfft(audio)) ** 2
        hz = np.fft.rfftfreq(len(audio), 1 / 16_000)
        power = power * ((hz > above) & (hz < below))
        return float((power * hz).sum() / power.sum())

    assert centre(moved, 300, 2_800) > 1.08 * centre(voice, 300, 2_800)
    assert centre(moved, 3_200, 7_500) < 0.95 * centre(voice, 3_200, 7_500)
