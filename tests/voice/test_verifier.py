"""The second opinion hears what is in doubt, nothing else, and lands on the fast network's scale."""

from itertools import pairwise
from typing import cast

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import normalize

from voicemark.voice.base import SpeakerEncoder
from voicemark.voice.verifier import JOIN_S, MOST_S, Verifier, groups, in_doubt, second_opinion

RATE = 1000
WINDOW_S = 2.0
BORDERS = [0.0, 4.0, 10.0, 11.0, 20.0, 40.0, 44.5]
RECORDING = np.arange(int(BORDERS[-1] * RATE), dtype=np.float32)
THRESHOLDS = torch.tensor([0.6, 0.7])
NOTHING = torch.full((2, 6), 0.2)


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
    return Verifier(cast(SpeakerEncoder, encoder), [torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 1.0]])], 0.5, band)


def read(start_s: float, end_s: float) -> NDArray[np.float32]:
    return RECORDING[round(start_s * RATE) : round(end_s * RATE)]


def never_read(start_s: float, end_s: float) -> NDArray[np.float32]:
    raise AssertionError("nothing was in doubt")


def test_only_stretches_in_the_band_are_heard_again_whole_and_from_their_own_place() -> None:
    scores = NOTHING.clone()
    scores[0, 0] = 0.65
    scores[1, 5] = 0.75
    encoder = PlaceEncoder()
    second_opinion(scores, THRESHOLDS, BORDERS, verifier(encoder), read)
    assert encoder.heard == [0.0, 2.0, 40.25, 42.25]  # side by side, what does not fill a window shared by both ends


def test_a_judged_stretch_lies_as_far_from_the_threshold_as_both_say_on_average() -> None:
    scores = NOTHING.clone()
    scores[0, 0] = 0.61
    result = second_opinion(scores, THRESHOLDS, BORDERS, verifier(PlaceEncoder()), read)
    middle = normalize(PlaceEncoder().embed_windows(np.stack([RECORDING[:2000], RECORDING[2000:4000]])).sum(0), dim=0)
    assert float(result[0, 0]) == pytest.approx(0.6 + (0.01 + float(middle[0]) - 0.5) / 2, abs=1e-5)
    result[0, 0] = scores[0, 0]
    assert torch.equal(result, scores)  # nothing else changed, the other voice's score of this turn neither


def test_the_judge_knows_a_voice_by_the_middle_of_its_memory() -> None:
    rows = normalize(torch.tensor([[1.0, 0.2], [0.3, 1.0], [0.9, 0.1]]), dim=1)
    said = Verifier(cast(SpeakerEncoder, PlaceEncoder()), [rows], 0.5, 0.1).hear(RECORDING[:2000])
    assert said is not None
    assert float(said[0]) == pytest.approx(float(normalize(rows.sum(0), dim=0)[0]), abs=1e-5)


def test_nothing_is_read_where_nothing_is_in_doubt() -> None:
    assert torch.equal(second_opinion(NOTHING, THRESHOLDS, BORDERS, verifier(PlaceEncoder()), never_read), NOTHING)
    nobody = Verifier(cast(SpeakerEncoder, PlaceEncoder()), [], 0.5, 0.1)
    assert second_opinion(torch.zeros(0, 6), torch.zeros(0), BORDERS, nobody, never_read).shape == (0, 6)


def test_a_stretch_too_short_for_the_judge_keeps_its_score() -> None:
    scores = NOTHING.clone()
    scores[0, 2] = 0.6  # a second
    assert torch.equal(second_opinion(scores, THRESHOLDS, BORDERS, verifier(PlaceEncoder()), read), scores)
    scores[0, 5] = 0.6
    ended = second_opinion(scores, THRESHOLDS, BORDERS, verifier(PlaceEncoder()), lambda a, b: read(a, min(b, 41)))
    assert torch.equal(ended, scores)


def test_the_scores_that_came_in_are_not_changed() -> None:
    scores = torch.full((2, 6), 0.6)
    before = scores.clone()
    second_opinion(scores, THRESHOLDS, BORDERS, verifier(PlaceEncoder()), read)
    assert torch.equal(scores, before)


def test_doubt_is_counted_voice_by_voice() -> None:
    scores = torch.tensor([[0.6, 0.1, 0.75, 0.49], [0.1, 0.7, 0.1, 0.59]])
    assert in_doubt(scores, THRESHOLDS, 0.1).tolist() == [True, True, False, False]


@given(
    lengths=st.lists(st.floats(0.5, 50), min_size=1, max_size=40),
    chosen=st.lists(st.booleans(), min_size=40, max_size=40),
)
def test_groups_keep_every_stretch_once_and_in_order(lengths: list[float], chosen: list[bool]) -> None:
    moments = [0.0, *np.cumsum(lengths).tolist()]
    doubtful = [k for k in range(len(lengths)) if chosen[k]]
    together = groups(doubtful, moments)
    assert [one for group in together for one in group] == doubtful
    for group in together:
        assert len(group) == 1 or moments[group[-1] + 1] - moments[group[0]] <= MOST_S
        assert all(moments[after] - moments[before + 1] <= JOIN_S for before, after in pairwise(group))
