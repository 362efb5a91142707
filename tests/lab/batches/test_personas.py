"""Crops of one imagined voice share their targets; others do not."""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from voicemark.lab.batches.personas import numbered, shared_targets


@given(count=st.integers(1, 60), low=st.integers(1, 4), more=st.integers(0, 3), seed=st.integers(0, 100))
def test_every_persona_but_the_last_has_as_many_crops_as_it_may(count: int, low: int, more: int, seed: int) -> None:
    persona = numbered(count, (low, low + more), np.random.default_rng(seed))
    assert len(persona) == count
    sizes = np.bincount(persona)
    assert (np.diff(persona) >= 0).all() and sizes.min() >= 1
    assert all(low <= size <= low + more for size in sizes[:-1]) and sizes[-1] <= low + more


def test_one_crop_for_each_draws_nothing() -> None:
    rng = np.random.default_rng(0)
    assert numbered(5, (1, 1), rng).tolist() == [0, 1, 2, 3, 4]
    assert rng.bit_generator.state == np.random.default_rng(0).bit_generator.state


def test_a_target_is_a_quarter_its_own_and_the_rest_its_personas_mean() -> None:
    targets = torch.nn.functional.normalize(torch.randn(6, 4, generator=torch.Generator().manual_seed(0)), dim=1)
    targets[4] = 0.0  # silence
    persona = np.array([0, 0, 1, 2, 2, 2])
    shared = shared_targets(targets, persona)
    groups = {0: [0, 1], 1: [2], 2: [3, 5]}
    for members in groups.values():
        mean = targets[members].mean(0)
        for row in members:
            naive = 0.25 * targets[row] + 0.75 * mean
            torch.testing.assert_close(shared[row], naive / naive.norm())
    assert not shared[4].any()
