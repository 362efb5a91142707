"""A teacher's frames on few axes, and a student's frames that learn to tell them."""

import torch
import torch.nn.functional as F

from voicemark.lab.batches.frames import CHANNELS, FrameAxes
from voicemark.lab.training.hints import HintHead


def frames(count: int = 20, channels: int = 300, rank: int = 40) -> torch.Tensor:
    """(count, channels, 30) that vary along `rank` directions, the first ones most."""
    generator = torch.Generator().manual_seed(3)
    directions = torch.linalg.qr(torch.randn(channels, rank, generator=generator))[0]
    size = 5.0 * 0.9 ** torch.arange(rank)
    told: torch.Tensor = 2.0 + (directions * size) @ torch.randn(count, rank, 30, generator=generator)
    return told


def test_axes_keep_the_variance_centred_and_of_mean_square_one() -> None:
    told = FrameAxes(frames())(frames()).float()
    assert told.shape == (20, CHANNELS, 30)
    assert float(told.mean((0, 2)).abs().max()) < 0.01
    assert abs(float(told.square().sum(1).mean()) - 1) < 0.01


def test_frames_that_differ_differ_on_the_axes_too() -> None:
    """With fewer directions than axes nothing is lost: each axis is the deviation's root of its direction's."""
    given = frames()
    axes = FrameAxes(given)
    told = axes(given).float().transpose(1, 2).reshape(-1, CHANNELS)
    # not by lstsq, whose default solver expects full rank: the last axes hold nothing but rounding
    back = torch.linalg.pinv(told, rtol=1e-3) @ (given.transpose(1, 2).reshape(-1, given.shape[1]) - axes.mean)
    rebuilt = told @ back + axes.mean
    assert float((rebuilt - given.transpose(1, 2).reshape(-1, given.shape[1])).abs().max()) < 0.1


def test_a_teacher_of_few_channels_leaves_the_last_axes_empty() -> None:
    few = frames(channels=50, rank=20)
    told = FrameAxes(few)(few)
    assert told.shape[1] == CHANNELS
    assert not told[:, 50:].any()


def test_a_new_head_says_nothing_and_costs_the_hints_own_square() -> None:
    hints = FrameAxes(frames())(frames())
    head = HintHead(16)
    loss = head(torch.randn(20, 16, 30), hints)
    torch.testing.assert_close(loss, hints.float().square().sum(1).mean())


def test_the_teachers_frames_are_averaged_to_the_students_number() -> None:
    hints = torch.arange(5.0).repeat_interleave(4)[None, None].expand(1, CHANNELS, 20)
    head = HintHead(1)
    torch.nn.init.ones_(head.tell.weight)
    student = torch.arange(5.0)[None, None]
    assert head(student, hints).item() == 0.0


def test_a_head_learns_what_the_frames_hold() -> None:
    given = frames(channels=40, rank=20)
    hints = FrameAxes(given)(given)
    head = HintHead(40)
    optimiser = torch.optim.Adam(head.parameters(), lr=1e-2)
    for _ in range(300):
        optimiser.zero_grad()
        head(F.normalize(given - 2.0, dim=1) * 6, hints).backward()
        optimiser.step()
    assert float(head(F.normalize(given - 2.0, dim=1) * 6, hints).detach()) < 0.4
