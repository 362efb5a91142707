"""Error rates, each against a loop that follows the definition word by word."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicemark.lab.evaluation.metrics import equal_error_rate, error_rates, min_dcf

# few distinct values, so that ties between positives and negatives are common
some_scores = st.lists(st.integers(-5, 5).map(lambda k: k / 4), min_size=1, max_size=25)


def naive_rates(positive: list[float], negative: list[float]) -> list[tuple[float, float]]:
    thresholds = [*sorted({*positive, *negative}), max(positive + negative) + 1]
    return [
        (
            sum(score < threshold for score in positive) / len(positive),
            sum(score >= threshold for score in negative) / len(negative),
        )
        for threshold in thresholds
    ]


@given(positive=some_scores, negative=some_scores)
def test_rates_are_those_of_counting_at_every_threshold(positive: list[float], negative: list[float]) -> None:
    miss, false_alarm = error_rates(np.array(positive), np.array(negative))
    expected = naive_rates(positive, negative)
    assert np.allclose(miss, [pair[0] for pair in expected])
    assert np.allclose(false_alarm, [pair[1] for pair in expected])


@given(positive=some_scores, negative=some_scores)
def test_equal_error_rate_is_where_counted_rates_come_closest(positive: list[float], negative: list[float]) -> None:
    rate = equal_error_rate(np.array(positive), np.array(negative))
    pairs = naive_rates(positive, negative)
    closest = min(abs(miss - false_alarm) for miss, false_alarm in pairs)
    candidates = [sum(pair) / 2 for pair in pairs if abs(abs(pair[0] - pair[1]) - closest) < 1e-9]
    assert any(abs(rate - candidate) < 1e-9 for candidate in candidates)


@given(positive=some_scores, negative=some_scores, prior=st.sampled_from([0.01, 0.05, 0.5]))
def test_detection_cost_is_the_least_of_all_thresholds(
    positive: list[float], negative: list[float], prior: float
) -> None:
    least = min(prior * miss + (1 - prior) * false_alarm for miss, false_alarm in naive_rates(positive, negative))
    cost = min_dcf(np.array(positive), np.array(negative), prior)
    assert cost == pytest.approx(least / min(prior, 1 - prior))
    assert cost <= 1 + 1e-9  # never worse than deciding blindly


def test_separated_scores_have_no_error_and_reversed_ones_nothing_else() -> None:
    high, low = np.array([0.8, 0.9]), np.array([0.1, 0.2, 0.3])
    assert equal_error_rate(high, low) == 0.0
    assert equal_error_rate(low, high) == 1.0
    assert min_dcf(high, low, 0.01) == 0.0


def test_rates_of_nothing_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        equal_error_rate(np.array([]), np.array([0.1]))
