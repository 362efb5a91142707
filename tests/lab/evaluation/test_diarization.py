"""The field's measures, on conversations whose figures can be worked out by hand."""

from importlib.util import find_spec

import pytest

from voicemark.lab.evaluation.diarization import Spoke, diarization_score, found_by_length

pytestmark = pytest.mark.skipif(find_spec("pyannote") is None, reason="the extra lab is not installed")

A = [Spoke("A", 0, 10), Spoke("B", 10, 20)]


def test_names_do_not_matter_and_what_is_right_has_no_error() -> None:
    score = diarization_score([(A, [Spoke("2", 0, 10), Spoke("1", 10, 20)])])
    assert (score.der, score.jer, score.purity, score.coverage) == pytest.approx((0, 0, 1, 1))


def test_two_people_made_one_cost_purity_and_one_made_two_costs_coverage() -> None:
    joined = diarization_score([(A, [Spoke("1", 0, 20)])])
    split = diarization_score([(A, [Spoke("1", 0, 5), Spoke("2", 5, 10), Spoke("3", 10, 20)])])
    assert (joined.purity, joined.coverage) == pytest.approx((0.5, 1.0))
    assert (split.purity, split.coverage) == pytest.approx((1.0, 0.75))
    assert joined.der == pytest.approx(0.5) and split.der == pytest.approx(0.25)


def test_silence_that_is_called_speech_and_speech_that_is_missed_are_errors() -> None:
    score = diarization_score([([Spoke("A", 0, 10)], [Spoke("1", 0, 8), Spoke("1", 12, 13)])])
    assert score.der == pytest.approx((2 + 1) / 10)


def test_long_recordings_count_more() -> None:
    wrong = ([Spoke("A", 0, 10)], [Spoke("1", 20, 30)])
    right = ([Spoke("A", 0, 90)], [Spoke("1", 0, 90)])
    assert diarization_score([wrong, right]).der == pytest.approx(20 / 100)


def test_turns_are_found_by_their_own_voices_markers() -> None:
    true = [Spoke("A", 0, 1.5), Spoke("A", 10, 13), Spoke("B", 20, 23), Spoke("A", 30, 40)]
    found = [Spoke("A", 1, 2), Spoke("A", 22, 24), Spoke("A", 39, 41)]
    assert found_by_length(true, found) == [(1, 1), (0, 2), (0, 0), (1, 1)]
