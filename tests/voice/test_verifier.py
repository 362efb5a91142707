"""The second opinion hears who is in doubt, nobody else, and lands on the fast network's scale."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import normalize

from voicemark.voice.diarization import Diarization
from voicemark.voice.verifier import JOIN_S, Verifier, groups, second_opinion

RATE = 1000
WINDOW_S = 2.0
MOMENTS = [0.0, 4.0, 10.0, 11.0, 20.0, 40.0, 44.5]
SPEAKERS = [0, 1, 2, 0, 3, 4]  # whose the turns are
LENGTHS = [8, 12, 2, 18, 40, 9]
RECORDING = np.arange(int(MOMENTS[-1] * RATE), dtype=np.float32)
THRESHOLDS = torch.tensor([0.6, 0.7])
NOTHING = torch.full((2, 6), 0.2)
FOUND = Diarization(
    np.array(LENGTHS), np.array(SPEAKERS), np.ones((6, 2), np.int8), np.ones((5, 2), np.int8), 0.5, WINDOW_S
)


class PlaceEncoder:
    """Embeds a window as the place it was cut from, so that a test sees which audio was heard."""

    sample_rate = RATE
    window_s = WINDOW_S

    def __init__(self) -> None:
        self.heard: list[float] = []

    def embed_windows(self, batch: NDArray[np.float32]) -> Tensor:
        assert batch.shape[1] == RATE * WINDOW_S
        self.heard += (batch[:, 0] / RATE).tolist()
        angle = torch.from_numpy(batch[:, 0]) / len(RECORDING) * torch.pi / 2
        return torch.stack([angle.cos(), angle.sin()], dim=1)


def verifier(encoder: PlaceEncoder, band: float = 0.1) -> Verifier:
    memories = [torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 1.0]])]
    return Verifier(encoder, memories, 0.5, band)  # type: ignore[arg-type]  # the part of an encoder that is asked


def read(start_s: float, end_s: float) -> NDArray[np.float32]:
    return RECORDING[round(start_s * RATE) : round(end_s * RATE)]


def never_read(start_s: float, end_s: float) -> NDArray[np.float32]:
    raise AssertionError("nobody was in doubt")


def test_only_people_in_the_band_are_heard_again_in_the_middles_of_their_longest_turns() -> None:
    scores = NOTHING.clone()
    scores[0, [0, 3]] = 0.65
    encoder = PlaceEncoder()
    second_opinion(scores, THRESHOLDS, FOUND, MOMENTS, verifier(encoder), read)
    assert encoder.heard == [1.0, 11.5, 13.5, 15.5, 17.5]


def test_what_the_verifier_says_moves_all_turns_of_a_person_alike() -> None:
    scores = NOTHING.clone()
    scores[0, 0], scores[0, 3] = 0.57, 0.63
    result = second_opinion(scores, THRESHOLDS, FOUND, MOMENTS, verifier(PlaceEncoder()), read)
    usual = (8 * 0.57 + 18 * 0.63) / 26
    starts = np.array([1.0, 11.5, 13.5, 15.5, 17.5])
    direction = normalize(PlaceEncoder().embed_windows(np.stack([read(s, s + 2) for s in starts])).sum(0), dim=0)
    moved = (0.6 + float(direction[0]) - 0.5 - usual) * 5 / 11  # five windows
    assert result[0, [0, 3]].tolist() == pytest.approx([0.57 + moved, 0.63 + moved], abs=1e-5)
    result[0, [0, 3]] = scores[0, [0, 3]]
    assert torch.equal(result, scores)  # nothing else changed, the other voice's scores of this person neither


def test_the_verifier_knows_a_voice_by_the_middle_of_its_memory() -> None:
    rows = normalize(torch.tensor([[1.0, 0.2], [0.3, 1.0], [0.9, 0.1]]), dim=1)
    said = Verifier(PlaceEncoder(), [rows], 0.5, 0.1).hear(RECORDING[None, :2000])  # type: ignore[arg-type]
    assert float(said[0]) == pytest.approx(float(normalize(rows.sum(0), dim=0)[0]), abs=1e-5)


def test_nothing_is_read_where_nobody_is_in_doubt() -> None:
    kept = second_opinion(NOTHING, THRESHOLDS, FOUND, MOMENTS, verifier(PlaceEncoder()), never_read)
    assert torch.equal(kept, NOTHING)
    no_voices = Verifier(PlaceEncoder(), [], 0.5, 0.1)  # type: ignore[arg-type]
    none = torch.zeros(0, 6)
    assert second_opinion(none, torch.zeros(0), FOUND, MOMENTS, no_voices, never_read).shape == (0, 6)


def test_who_never_speaks_for_a_whole_window_keeps_the_score() -> None:
    scores = NOTHING.clone()
    scores[0, 2] = 0.6  # a second
    assert torch.equal(second_opinion(scores, THRESHOLDS, FOUND, MOMENTS, verifier(PlaceEncoder()), read), scores)
    scores[0, 5] = 0.6
    cut_off = second_opinion(
        scores, THRESHOLDS, FOUND, MOMENTS, verifier(PlaceEncoder()), lambda a, b: read(a, min(b, 41))
    )
    assert torch.equal(cut_off, scores)


def test_who_is_less_like_the_voice_than_its_surest_person_is_heard_again() -> None:
    scores = NOTHING.clone()
    scores[0, 4], scores[0, [0, 3]] = 1.2, 0.75
    encoder = PlaceEncoder()
    result = second_opinion(scores, THRESHOLDS, FOUND, MOMENTS, verifier(encoder), read)
    assert encoder.heard == [1.0, 11.5, 13.5, 15.5, 17.5]
    assert result[0, 0] > scores[0, 0] and result[0, 4] == scores[0, 4]
    scores[0, [0, 3]] = 0.45  # below the band: nobody doubts the surest
    kept = second_opinion(scores, THRESHOLDS, FOUND, MOMENTS, verifier(PlaceEncoder()), never_read)
    assert torch.equal(kept, scores)


def test_one_window_counts_less_than_six() -> None:
    few, many = NOTHING.clone(), NOTHING.clone()
    few[0, 1], many[0, 4] = 0.6, 0.6
    short = [*MOMENTS[:1], 7.5, *MOMENTS[2:]]  # the second turn lasts for one window
    moved = [
        second_opinion(few, THRESHOLDS, FOUND, short, verifier(PlaceEncoder()), read)[0, 1] - 0.6,
        second_opinion(many, THRESHOLDS, FOUND, MOMENTS, verifier(PlaceEncoder()), read)[0, 4] - 0.6,
    ]
    angles = PlaceEncoder().embed_windows(np.stack([read(s, s + 2) for s in (7.75, 29.0)]))[:, 0] - 0.5
    assert float(moved[0]) == pytest.approx(float(angles[0]) / 3, abs=0.02)
    assert float(moved[1]) == pytest.approx(float(angles[1]) * 6 / 13, abs=0.02)


def test_the_scores_that_came_in_are_not_changed() -> None:
    scores = torch.full((2, 6), 0.6)
    before = scores.clone()
    second_opinion(scores, THRESHOLDS, FOUND, MOMENTS, verifier(PlaceEncoder()), read)
    assert torch.equal(scores, before)


@given(gaps=st.lists(st.floats(0, 12), max_size=30))
def test_groups_keep_every_window_once_and_neighbours_together(gaps: list[float]) -> None:
    starts = np.cumsum([WINDOW_S + gap for gap in gaps]).tolist()
    together = groups(starts, WINDOW_S)
    assert [start for group in together for start in group] == starts
    for group in together:
        assert all(after - before - WINDOW_S <= JOIN_S + 1e-6 for before, after in pairwise(group))
