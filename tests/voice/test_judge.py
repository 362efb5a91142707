"""The second opinion hears what is in doubt, nothing else, and lands on the fast network's scale."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import normalize

from voicemark.voice.judge import Judge, in_doubt, runs, second_opinion

RATE = 1000
WINDOW_S = 2.0
STARTS = np.array([k / 2 for k in range(20)], np.float64)
RECORDING = np.arange(int((STARTS[-1] + WINDOW_S) * RATE), dtype=np.float32)
THRESHOLDS = torch.tensor([0.6, 0.7])


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


def judge(encoder: PlaceEncoder, band: float = 0.1) -> Judge:
    return Judge(encoder, [torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 1.0]])], 0.5, band)


def read(start_s: float, end_s: float) -> NDArray[np.float32]:
    return RECORDING[round(start_s * RATE) : round(end_s * RATE)]


def never_read(start_s: float, end_s: float) -> NDArray[np.float32]:
    raise AssertionError("nothing was in doubt")


def test_only_windows_in_the_band_are_heard_again_and_from_their_own_place() -> None:
    scores = torch.full((2, 20), 0.2)
    scores[0, [3, 4, 15]] = torch.tensor([0.65, 0.52, 0.7])
    scores[1, 9] = 0.75
    encoder = PlaceEncoder()
    second_opinion(scores, THRESHOLDS, STARTS, judge(encoder), read)
    assert encoder.heard == [1.5, 2.0, 4.5, 7.5]


def test_a_judged_window_lies_as_far_from_the_threshold_as_the_judge_says() -> None:
    scores = torch.full((2, 20), 0.2)
    scores[0, 6] = 0.61
    result = second_opinion(scores, THRESHOLDS, STARTS, judge(PlaceEncoder()), read)
    angle = STARTS[6] * RATE / len(RECORDING) * np.pi / 2
    assert float(result[0, 6]) == pytest.approx(0.6 + np.cos(angle) - 0.5, abs=1e-5)
    result[0, 6] = scores[0, 6]
    assert torch.equal(result, scores)  # nothing else changed, the other voice's score of this window neither


def test_nothing_is_read_where_nothing_is_in_doubt() -> None:
    scores = torch.full((2, 20), 0.2)
    assert torch.equal(second_opinion(scores, THRESHOLDS, STARTS, judge(PlaceEncoder()), never_read), scores)
    nobody = Judge(PlaceEncoder(), [], 0.5, 0.1)
    assert second_opinion(torch.zeros(0, 20), torch.zeros(0), STARTS, nobody, never_read).shape == (0, 20)


def test_a_window_that_cannot_be_read_whole_keeps_its_score() -> None:
    scores = torch.full((2, 20), 0.2)
    scores[0, 19] = 0.6
    cut_short = second_opinion(scores, THRESHOLDS, STARTS, judge(PlaceEncoder()), lambda a, b: read(a, b - 0.5))
    assert torch.equal(cut_short, scores)


def test_doubt_is_read_from_smoothed_scores_where_they_are_given() -> None:
    scores, smoothed = torch.full((2, 20), 0.6), torch.full((2, 20), 0.2)
    smoothed[0, 4] = 0.65
    encoder = PlaceEncoder()
    result = second_opinion(scores, THRESHOLDS, STARTS, judge(encoder), read, smoothed)
    assert encoder.heard == [2.0]
    assert int((result != scores).sum()) == 1 and result[0, 4] != scores[0, 4]


def test_the_scores_that_came_in_are_not_changed() -> None:
    scores = torch.full((2, 20), 0.6)
    before = scores.clone()
    second_opinion(scores, THRESHOLDS, STARTS, judge(PlaceEncoder()), read)
    assert torch.equal(scores, before)


def test_doubt_is_counted_voice_by_voice() -> None:
    scores = torch.tensor([[0.6, 0.1, 0.75, 0.49], [0.1, 0.7, 0.1, 0.59]])
    assert in_doubt(scores, THRESHOLDS, 0.1).tolist() == [True, True, False, False]


@given(
    windows=st.lists(st.integers(0, 500), unique=True).map(sorted),
    gap=st.integers(1, 20),
    most=st.integers(1, 60),
)
def test_runs_keep_every_window_once_and_in_order(windows: list[int], gap: int, most: int) -> None:
    groups = runs(windows, gap, most)
    assert [window for group in groups for window in group] == windows
    for group in groups:
        assert group[-1] - group[0] <= most
        assert all(after - before <= gap for before, after in pairwise(group))


def test_rescoring_is_the_mean_of_the_judges_best_rows() -> None:
    rng = np.random.default_rng(0)
    encoder = PlaceEncoder()
    memory = normalize(torch.from_numpy(rng.standard_normal((8, 2)).astype(np.float32)), dim=1)
    windows = np.stack([RECORDING[start : start + 2000] for start in (0, 3000)])
    scores = Judge(encoder, [memory], 0.5, 0.1, top_k=3).rescore(windows)
    for column, embedding in enumerate(encoder.embed_windows(windows)):
        best = sorted((float(row @ embedding) for row in memory), reverse=True)[:3]
        assert float(scores[0, column]) == pytest.approx(sum(best) / 3, abs=1e-5)
