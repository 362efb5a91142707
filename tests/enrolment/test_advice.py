"""Warnings about samples: they come when they should, with figures, and stay away from good ones."""

import pytest
import torch
from torch import Tensor
from torch.nn.functional import normalize

from voicemark.enrolment.advice import FEWEST_ROWS, MOST_NAMED, advise
from voicemark.enrolment.standing import NEIGHBOURS, PIECE, PIECE_FACTOR, Standing, own_scores, pieces
from voicemark.voice.score_norm import ScoreNorm, score_norm


def voice(seed: int, rows: int = 40, spread: float = 0.3, centre: Tensor | None = None) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    centre = torch.randn(32, generator=generator) if centre is None else centre
    return normalize(centre + spread * torch.randn(rows, 32, generator=generator), dim=1)


def plain(voices: int) -> ScoreNorm:
    return ScoreNorm(torch.zeros(voices), None)


def warnings(*memories: Tensor, norm: ScoreNorm | None = None) -> list[tuple[str, str]]:
    names = [f"voice {number}" for number in range(len(memories))]
    thresholds = [0.6] * len(memories)
    given = advise(names, memories, thresholds, Standing.of(memories, thresholds, norm or plain(len(memories))))
    return [(advice.voice, advice.text) for advice in given]


def test_good_samples_of_different_voices_get_no_warning() -> None:
    assert warnings(voice(1), voice(2), voice(3)) == []


def test_few_windows_are_counted() -> None:
    [(name, text)] = warnings(voice(1, rows=FEWEST_ROWS - 1), voice(2))
    assert name == "voice 0"
    assert f"only {FEWEST_ROWS - 1} windows" in text


def test_samples_of_many_people_under_one_name_are_noticed() -> None:
    crowd = torch.cat([voice(seed, rows=3) for seed in range(10, 24)])
    [(name, text)] = warnings(voice(1), crowd)
    assert name == "voice 1"
    assert "samples differ" in text and "0 %" in text


def test_the_same_person_under_two_names_is_noticed_from_both_sides() -> None:
    centre = torch.randn(32, generator=torch.Generator().manual_seed(5))
    found = warnings(voice(1, centre=centre), voice(2), voice(3, centre=centre))
    assert [name for name, _ in found] == ["voice 0", "voice 2"]
    assert "close to voice 2" in found[0][1] and "close to voice 0" in found[1][1]


def test_of_many_that_are_close_a_few_are_named() -> None:
    centre = torch.randn(32, generator=torch.Generator().manual_seed(5))
    found = [text for name, text in warnings(*(voice(seed, centre=centre) for seed in range(20))) if name == "voice 4"]
    assert len(found) == MOST_NAMED + 1 and f"close to {19 - MOST_NAMED} more voices" in found[-1]


def test_figures_are_on_the_normalised_scale() -> None:
    memory = voice(1)
    strangers = normalize(
        memory.mean(0) + 0.2 * torch.randn(300, 32, generator=torch.Generator().manual_seed(9)), dim=1
    )
    [(_, text)] = warnings(memory, norm=score_norm(normalize(memory.mean(0), dim=0)[None], strangers))
    assert "samples differ" in text and "median 0.9" not in text


def test_pieces_are_the_middles_of_rows_that_follow_each_other() -> None:
    memory = voice(1, rows=2 * PIECE + 3)
    assert torch.allclose(
        pieces(memory), torch.stack([normalize(memory[first : first + PIECE].sum(0), dim=0) for first in (0, PIECE)])
    )
    assert pieces(memory[:3]).shape == (1, 32)
    assert len(pieces(memory[:0])) == 0


def test_own_scores_leave_neighbours_out() -> None:
    memory = voice(1, rows=4 * PIECE)
    scores = own_scores(memory, plain(1))
    for number in range(4):
        first = number * PIECE
        others = [memory[k] for k in range(4 * PIECE) if not first - NEIGHBOURS <= k < first + PIECE + NEIGHBOURS]
        middle = normalize(torch.stack(others).sum(0), dim=0)
        assert float(scores[number]) == pytest.approx(PIECE_FACTOR * float(pieces(memory)[number] @ middle), abs=1e-5)


def test_a_memory_too_small_to_leave_neighbours_out_says_nothing_of_itself() -> None:
    assert len(own_scores(voice(1, rows=2 * PIECE + NEIGHBOURS - 1), plain(1))) == 0
    assert own_scores(voice(1, rows=2 * PIECE + NEIGHBOURS), plain(1)).isfinite().all()


def test_no_voices_need_no_advice() -> None:
    assert warnings() == []
    assert len(warnings(torch.zeros(0, 32), voice(1))) == 1
