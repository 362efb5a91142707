"""The triplet loss and the search for violators, against loops."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from voicemark.lab.batches.labels import NOT_A_VOICE, UNKNOWN, Labels
from voicemark.lab.training.triplets import MARGIN, EmbeddingBank, batch_triplets, draw, mine, triplet_loss

SEEDS = st.integers(0, 10_000)


def unit(n: int, dim: int, seed: int) -> torch.Tensor:
    return torch.nn.functional.normalize(torch.randn(n, dim, generator=torch.Generator().manual_seed(seed)), dim=1)


def labels(n: int, seed: int) -> Labels:
    rng = torch.Generator().manual_seed(seed + 1)
    speaker = torch.randint(NOT_A_VOICE, 4, (n,), generator=rng)
    source = torch.randint(0, 3, (n,), generator=rng)
    return Labels(speaker, torch.where(speaker == NOT_A_VOICE, -1, source))


def may_be_negative(speaker: int, source: int, other: int, other_source: int) -> bool:
    if speaker == NOT_A_VOICE:
        return False
    if other == NOT_A_VOICE:
        return True
    if UNKNOWN in (speaker, other):
        return source != other_source
    return speaker != other


@given(seed=SEEDS)
@settings(max_examples=20, deadline=None)
def test_loss_is_the_formula_row_by_row(seed: int) -> None:
    a, p, n = (unit(5, 6, seed + k) for k in range(3))
    loss = triplet_loss(a, p, n)
    for row in range(5):
        expected = max(0.0, 0.3 - float(a[row] @ p[row]) + float(a[row] @ n[row]))
        assert abs(float(loss[row]) - expected) < 1e-5


@given(seed=SEEDS)
@settings(max_examples=40, deadline=None)
def test_who_may_be_whose_negative(seed: int) -> None:
    own, others = labels(6, seed), labels(9, seed + 50)
    allowed = own.negatives(others)
    for row in range(6):
        for column in range(9):
            expected = may_be_negative(
                int(own.speaker[row]), int(own.source[row]), int(others.speaker[column]), int(others.source[column])
            )
            assert bool(allowed[row, column]) == expected


@given(seed=SEEDS)
@settings(max_examples=40, deadline=None)
def test_miner_finds_what_a_loop_finds(seed: int) -> None:
    rng = torch.Generator().manual_seed(seed)
    similarity = torch.rand(7, 11, generator=rng) * 2 - 1
    positive = torch.rand(7, generator=rng)
    allowed = torch.rand(7, 11, generator=rng) < 0.3
    mined = mine(similarity, positive, allowed)
    for row in range(7):
        candidates = [(float(similarity[row, k]), k) for k in range(11) if allowed[row, k]]
        assert bool(mined.found[row]) == bool(candidates)
        if candidates:
            best, index = max(candidates)
            assert int(mined.negative[row]) == index
            assert bool(mined.violates[row]) == (MARGIN - float(positive[row]) + best > 0)
        else:
            assert not mined.violates[row]


@given(seed=SEEDS)
@settings(max_examples=20, deadline=None)
def test_same_speaker_is_never_taken_however_close(seed: int) -> None:
    own = Labels(torch.tensor([0, 0, 1, 1]), torch.zeros(4, dtype=torch.long))
    embeddings = unit(4, 5, seed)
    mined = mine(embeddings @ embeddings.T, torch.ones(4), own.negatives(own))
    assert all(int(own.speaker[mined.negative[row]]) != int(own.speaker[row]) for row in range(4))


def test_random_draws_stay_within_what_is_allowed() -> None:
    allowed = torch.rand(50, 20, generator=torch.Generator().manual_seed(0)) < 0.2
    allowed[:, 3] = True
    drawn = draw(allowed, torch.Generator().manual_seed(1))
    assert bool(allowed[torch.arange(50), drawn].all())
    assert len(set(drawn.tolist())) > 5


def test_bank_keeps_the_newest_and_knows_whose_they_are() -> None:
    bank = EmbeddingBank(5, 2)
    for k in range(4):
        rows = torch.tensor([[k, 0.0], [k, 1.0]])
        bank.add(rows, Labels(torch.tensor([k, k]), torch.tensor([0, 1])))
    embeddings, whose = bank.ordered()
    assert len(bank) == 5
    assert embeddings.tolist() == [[1, 1], [2, 0], [2, 1], [3, 0], [3, 1]]
    assert whose.speaker.tolist() == [1, 2, 2, 3, 3]
    assert whose.source.tolist() == [1, 0, 1, 0, 1]


def pairs(seed: int) -> tuple[torch.Tensor, Labels, torch.Tensor]:
    """Four voices, two windows each, one after the other."""
    base = unit(4, 8, seed).repeat_interleave(2, dim=0)
    embeddings = torch.nn.functional.normalize(base + 0.2 * unit(8, 8, seed + 9), dim=1)
    who = Labels(torch.arange(4).repeat_interleave(2), torch.zeros(8, dtype=torch.long))
    return embeddings, who, torch.arange(8) ^ 1


def test_the_bank_finds_violators_that_the_batch_has_not() -> None:
    embeddings, who, positive = pairs(0)
    bank = EmbeddingBank(64, 8)
    near = torch.nn.functional.normalize(embeddings + 0.05 * unit(8, 8, 77), dim=1)
    bank.add(near, Labels(who.speaker + 100, who.source))  # other people who sound alike
    zero = {}
    for mining in ("random", "batch", "bank"):
        result = batch_triplets(embeddings, who, positive, mining, bank, torch.Generator().manual_seed(0))
        zero[mining] = result.zero_share
    assert zero["bank"] == 0.0
    assert zero["random"] >= zero["batch"] >= zero["bank"]
    assert zero["random"] > 0


def test_gradient_reaches_anchor_and_positive() -> None:
    embeddings, who, positive = pairs(1)
    embeddings.requires_grad_()
    bank = EmbeddingBank(8, 8)
    bank.add(embeddings.detach(), Labels(who.speaker + 50, who.source))
    batch_triplets(embeddings, who, positive, "bank", bank, torch.Generator()).loss.backward()
    assert embeddings.grad is not None
    assert bool((embeddings.grad.abs().sum(1) > 0).all())


def test_windows_without_a_positive_are_no_anchors() -> None:
    embeddings, who, _ = pairs(2)
    none = torch.full((8,), -1)
    result = batch_triplets(embeddings, who, none, "batch", None, torch.Generator())
    assert float(result.loss) == 0.0
    assert result.zero_share == 1.0
