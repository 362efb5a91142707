"""Error rates of a detector from its scores: equal error rate and the minimum of the detection cost.

Both walk once over the sorted scores. A trial is accepted when its score is at least the threshold.
"""

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.floating]


def error_rates(positive: Scores, negative: Scores) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Miss and false-alarm rate (shares of 1) at every threshold that changes a decision, ascending.

    The thresholds are the distinct scores, then one above them all. Empty input raises ValueError.
    """
    if not len(positive) or not len(negative):
        raise ValueError("error rates need at least one positive and one negative trial")
    positive, negative = np.sort(positive), np.sort(negative)
    thresholds = np.unique(np.concatenate([positive, negative]))
    below_p = np.append(np.searchsorted(positive, thresholds, side="left"), len(positive))
    below_n = np.append(np.searchsorted(negative, thresholds, side="left"), len(negative))
    return below_p / len(positive), 1.0 - below_n / len(negative)


def equal_error_rate(positive: Scores, negative: Scores) -> float:
    """The rate (share of 1) where misses and false alarms are equal; between two thresholds, their nearest mean."""
    miss, false_alarm = error_rates(positive, negative)
    nearest = int(np.argmin(np.abs(miss - false_alarm)))
    return float(miss[nearest] + false_alarm[nearest]) / 2


def min_dcf(positive: Scores, negative: Scores, target_prior: float) -> float:
    """Smallest detection cost over all thresholds, as a share of the cost of the better blind decision.

    C = P(target) · miss + (1 − P(target)) · false alarm with both error costs 1, divided by
    min(P, 1 − P): NIST speaker recognition evaluation plans (2008 onward); VoxSRC uses a prior of 0.05.
    """
    miss, false_alarm = error_rates(positive, negative)
    cost = target_prior * miss + (1 - target_prior) * false_alarm
    return float(cost.min()) / min(target_prior, 1 - target_prior)
