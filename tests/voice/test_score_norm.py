"""ScoreNorm makes one threshold mean the same for every voice and every programme."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn.functional import normalize

from voicemark.voice.score_norm import REFERENCE, SHARE, score_norm


def rows(count: int, dim: int, seed: int, towards: Tensor | None = None, pull: float = 0.0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    drawn = torch.randn(count, dim, generator=generator)
    return normalize(drawn if towards is None else drawn + pull * towards, dim=1)


MIDDLE = rows(1, 32, 7)[0] * 6


def test_strangers_reach_nearly_the_same_with_every_voice() -> None:
    """A voice near everybody's middle draws higher cosines from strangers: normalised, far less so."""
    cohort = rows(600, 32, 1, MIDDLE, 0.4)
    centres = torch.cat([rows(1, 32, 2, MIDDLE, 0.8), rows(1, 32, 3)])
    strangers = rows(600, 32, 4, MIDDLE, 0.4)
    raw = centres @ strangers.T
    assert raw[0].mean() - raw[1].mean() > 0.15
    normalised = score_norm(centres, cohort).apply(raw, strangers)
    between = [float(scores.quantile(0.99, dim=1).diff().abs()) for scores in (raw, normalised)]
    assert between[1] < 0.6 * between[0]


def test_stretches_that_sound_like_everybody_lose_most() -> None:
    cohort = rows(600, 32, 1, MIDDLE, 0.4)
    centres = rows(1, 32, 2, MIDDLE, 0.4)
    common, rare = rows(50, 32, 5, MIDDLE, 1.2), rows(50, 32, 6)
    heard = torch.cat([common, rare])
    raw = centres @ heard.T
    lost = (raw - score_norm(centres, cohort).apply(raw, heard))[0]
    assert float(lost[:50].min()) > float(lost[50:].max())


def test_a_share_of_what_strangers_reach_is_taken_away_on_both_sides() -> None:
    cohort, centres, heard = rows(500, 16, 1), rows(2, 16, 2), rows(7, 16, 3)
    raw = centres @ heard.T

    def level(direction: Tensor) -> float:
        return float((cohort @ direction).sort(descending=True).values[:10].mean())

    normalised = score_norm(centres, cohort).apply(raw, heard)
    for voice in range(2):
        for number in range(7):
            taken = SHARE * (level(centres[voice]) - REFERENCE) + SHARE * (level(heard[number]) - REFERENCE)
            assert float(normalised[voice, number]) == pytest.approx(float(raw[voice, number]) - taken, abs=1e-5)


def test_a_voices_normalisation_does_not_depend_on_the_others() -> None:
    cohort, centres, heard = rows(300, 16, 1), rows(3, 16, 2), rows(5, 16, 3)
    together = score_norm(centres, cohort)
    for voice in range(3):
        alone = score_norm(centres[voice : voice + 1], cohort)
        raw = centres[voice : voice + 1] @ heard.T
        torch.testing.assert_close(alone.apply(raw, heard), together.of(voice).apply(raw, heard))


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 50))
def test_normalisation_keeps_the_order_of_voices_alike_to_strangers_in_a_turn(seed: int) -> None:
    """Of one turn every voice loses the same for the turn's sake."""
    cohort, heard = rows(100, 16, seed + 1), rows(1, 16, seed)
    norm = score_norm(rows(1, 16, seed + 2), cohort)
    raw = torch.linspace(-1, 1, 41)[None].T
    one_voice = [float(norm.apply(score[None], heard)) for score in raw]
    assert one_voice == sorted(one_voice)


@pytest.mark.parametrize("cohort", [None, rows(80, 16, 1)])
def test_without_a_cohort_worth_the_name_scores_stay(cohort: Tensor | None) -> None:
    raw = torch.tensor([[0.1, 0.9], [-0.2, 0.4]])
    assert torch.equal(score_norm(rows(2, 16, 2), cohort).apply(raw, rows(2, 16, 3)), raw)


def test_no_voices_need_no_normalisation() -> None:
    assert score_norm(torch.zeros(0, 16), rows(300, 16, 1)).apply(torch.zeros(0, 4), rows(4, 16, 2)).shape == (0, 4)
