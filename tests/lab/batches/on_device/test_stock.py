"""Cuts come from the recording that was asked for, from anywhere in it, and go round where it is short."""

import numpy as np
import torch

from voicemark.lab.batches.on_device.draw import Draw
from voicemark.lab.batches.on_device.stock import Stock

CPU = torch.device("cpu")


def ramp(first: int, samples: int) -> np.ndarray:
    return np.arange(first, first + samples, dtype=np.int16)


def drawn(seed: int = 0) -> Draw:
    draw = Draw(CPU)
    draw.restart(seed, 0)
    return draw


def test_cuts_are_consecutive_samples_of_their_own_recording() -> None:
    stock = Stock([[ramp(0, 100), ramp(100, 50)], [ramp(1_000, 700)]], CPU)
    which = torch.tensor([0, 1] * 40)
    cuts = (stock.cut(which, 60, drawn()) * 32768).round().int()
    for recording, cut in zip(which.tolist(), cuts, strict=True):
        first, length = ((0, 150), (1_000, 700))[recording]
        assert torch.equal(cut, first + (cut[0] - first + torch.arange(60)) % length)
    assert len({int(cut[0]) for cut in cuts}) > 40


def test_a_short_recording_goes_round() -> None:
    cut = (Stock([[ramp(5, 7)]], CPU).cut(torch.tensor([0]), 30, drawn()) * 32768).round().int()[0]
    assert set(cut.tolist()) == set(range(5, 12))
    assert torch.equal(cut[7:14], cut[:7])


def test_a_pause_is_mostly_passed_over() -> None:
    loud_half = np.concatenate([np.zeros(50_000, np.int16), np.full(50_000, 3_000, np.int16)])
    cuts = Stock([[loud_half]], CPU).cut(torch.zeros(400, dtype=torch.long), 100, drawn())
    assert (cuts == 0).all(1).float().mean() < 0.35  # a quarter, where each of two is a pause in half of the cases


def test_what_is_drawn_is_a_function_of_seed_and_step() -> None:
    stock = Stock([[ramp(0, 5_000)]], CPU)
    draw = Draw(CPU)

    def at(seed: int, step: int) -> torch.Tensor:
        draw.restart(seed, step)
        return stock.cut_any(4, 50, draw)

    assert torch.equal(at(1, 2), at(1, 2))
    assert not torch.equal(at(1, 2), at(1, 3)) and not torch.equal(at(1, 2), at(2, 2))


def test_whole_numbers_are_drawn_evenly_below_their_limits() -> None:
    numbers = drawn().below(torch.tensor([[1, 4]]).expand(4_000, 2))
    assert numbers[:, 0].max() == 0
    assert torch.bincount(numbers[:, 1], minlength=4).float().div(4_000).sub(0.25).abs().max() < 0.05
