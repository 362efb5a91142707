"""Random numbers on the device: shares of rows, and picks by weight."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from voicemark.lab.batches.on_device.draw import Draw


def draw_of(seed: int) -> Draw:
    draw = Draw(torch.device("cpu"))
    draw.restart(seed, 0)
    return draw


@given(share=st.floats(0, 1), rows=st.integers(0, 200), seed=st.integers(0, 1000))
def test_some_rows_are_as_many_as_the_share_says_and_differ(share: float, rows: int, seed: int) -> None:
    some = draw_of(seed).some(share, rows)
    assert abs(len(some) - share * rows) < 1
    assert len(set(some.tolist())) == len(some)
    assert all(0 <= row < rows for row in some.tolist())


def test_a_share_of_few_rows_is_kept_to_over_many_draws() -> None:
    draw = draw_of(0)
    total = sum(len(draw.some(0.04, 10)) for _ in range(10_000))
    assert 3_700 < total < 4_300


def test_parts_do_not_overlap_and_each_keeps_to_its_share() -> None:
    draw = draw_of(0)
    sizes = torch.zeros(2)
    for _ in range(10_000):
        first, second = draw.parts((0.52, 0.38), 3)
        assert not set(first.tolist()) & set(second.tolist())
        sizes += torch.tensor([len(first), len(second)])
    torch.testing.assert_close(sizes / 30_000, torch.tensor([0.52, 0.38]), rtol=0.05, atol=0)


def test_the_same_seed_and_step_draw_the_same() -> None:
    torch.testing.assert_close(draw_of(3).some(0.37, 50), draw_of(3).some(0.37, 50))


def test_every_row_is_among_the_some_equally_often() -> None:
    draw = draw_of(0)
    counts = torch.bincount(torch.cat([draw.some(0.3, 10) for _ in range(4_000)]), minlength=10)
    torch.testing.assert_close(counts.double(), torch.full((10,), 1_200.0).double(), rtol=0.1, atol=0)


@given(weights=st.lists(st.sampled_from([0.0, 0.5, 1.0, 3.0]), min_size=1, max_size=8), seed=st.integers(0, 1000))
def test_an_index_without_weight_is_never_picked(weights: list[float], seed: int) -> None:
    if not any(weights):
        weights = [*weights, 1.0]
    picked = draw_of(seed).weighted(torch.tensor(weights), 200)
    assert len(picked) == 200
    assert all(weights[index] > 0 for index in picked.tolist())


def test_picks_follow_the_weights_as_a_multinomial_does() -> None:
    weights = torch.tensor([1.0, 0.0, 2.0, 5.0])
    picked = torch.bincount(draw_of(1).weighted(weights, 40_000), minlength=4) / 40_000
    reference = torch.multinomial(weights, 40_000, replacement=True, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(picked, torch.bincount(reference, minlength=4) / 40_000, rtol=0.1, atol=0)
    torch.testing.assert_close(picked, weights / weights.sum(), rtol=0.1, atol=0)
