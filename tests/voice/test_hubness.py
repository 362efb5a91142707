"""Centred on a background, voices of one neighbourhood are told apart by what they do not share."""

import math

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn.functional import normalize

from voicemark.voice.hubness import SHARE, TEMPERATURE, centred

DIM = 32


def drawn(count: int, seed: int) -> Tensor:
    return torch.randn(count, DIM, generator=torch.Generator().manual_seed(seed))


def naive(embedding: list[float], background: list[list[float]]) -> list[float]:
    """The formula, row by row in plain numbers."""
    weights = [math.exp(sum(a * b for a, b in zip(embedding, row, strict=True)) / TEMPERATURE) for row in background]
    middle = [sum(w * row[k] for w, row in zip(weights, background, strict=True)) / sum(weights) for k in range(DIM)]
    rest = [value - SHARE * middle[k] for k, value in enumerate(embedding)]
    length = math.sqrt(sum(value * value for value in rest))
    return [value / length for value in rest]


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000), rows=st.integers(1, 40))
def test_it_is_the_formula(seed: int, rows: int) -> None:
    background, embeddings = normalize(drawn(rows, seed), dim=1), normalize(drawn(3, seed + 1), dim=1)
    expected = torch.tensor([naive(row, background.tolist()) for row in embeddings.double().tolist()])
    torch.testing.assert_close(centred(embeddings, background), expected, rtol=0, atol=1e-5)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_windows_are_centred_each_by_itself_and_stay_of_length_1(seed: int) -> None:
    background, embeddings = normalize(drawn(50, seed), dim=1), normalize(drawn(12, seed + 1), dim=1)
    together = centred(embeddings.view(3, 4, DIM), background)
    torch.testing.assert_close(together.norm(dim=-1), torch.ones(3, 4))
    for index in range(12):
        torch.testing.assert_close(together.view(12, DIM)[index], centred(embeddings[index], background))


def test_voices_of_one_neighbourhood_are_told_apart_by_what_they_do_not_share() -> None:
    """Two kinds of voices: what makes a kind is as strong as what makes a person. Strangers of the kind are nearer
    than a person is to himself on a bad day, until the kind is taken away."""
    kinds = normalize(drawn(2, 1), dim=1) * 6
    background = normalize(torch.cat([kind + drawn(400, 2 + k) for k, kind in enumerate(kinds)]), dim=1)
    people = drawn(40, 5)  # half of either kind
    of_kind = kinds.repeat_interleave(20, dim=0)
    once, again = (normalize(of_kind + people + 0.8 * drawn(40, seed), dim=1) for seed in (6, 7))

    def mistaken(first: Tensor, second: Tensor) -> int:
        """Pairs of strangers that one threshold, which knows everybody again, takes for one person."""
        cosines = first @ second.T
        own = cosines.diagonal().min()
        return int((cosines >= own).sum()) - len(cosines)

    before, after = mistaken(once, again), mistaken(centred(once, background), centred(again, background))
    assert after < before / 2, (before, after)


def test_who_is_in_a_background_of_his_own_stays_where_he_is() -> None:
    background = torch.eye(DIM)
    torch.testing.assert_close(centred(background, background), background, rtol=0, atol=1e-4)
