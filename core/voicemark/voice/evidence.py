"""Are these one person? What two groups of windows say, given how little some windows say.

Every person is a point around which their windows lie: Gaussian between people with variance BETWEEN, around a person
WINDOW for each window that shares no audio with another, and TURN for what a turn's windows have in common besides
the person (a room, a mood, a bed of music). The mean of a turn of n windows then lies around its person with

    v = TURN + WINDOW / n

and the mean of several turns, each weighted by 1 / v, with 1 / Σ (1 / v). For two means x and y, with a = BETWEEN + v_x
and c = BETWEEN + v_y, the logarithm of how much better one person explains both than two people do is in each dimension

    log N([x, y]; 0, [[a, BETWEEN], [BETWEEN, c]]) − log N(x; 0, a) − log N(y; 0, c)

the two-covariance model of probabilistic linear discriminant analysis (Brümmer and de Villiers, "The Speaker
Partitioning Problem", Odyssey 2010) with round covariances: embeddings are whitened within people
(`voicemark.lab.backend.wccn`), and one number for each covariance carries over to voices that nobody has heard, where
a matrix learned on a corpus knows that corpus. All the model needs is products of means, so it costs no more than
cosines do, and unlike a cosine it asks less of a short turn and more of a long one.

The variances are traces over all dimensions, for embeddings of length 1, chosen on composed television of voices whose
sources are not among the weights' strangers. TURN is larger than what is measured within a scene: people come back in
others.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

WINDOW = 0.52  # of a window of two seconds
TURN = 0.20
BETWEEN = 1.0 - WINDOW - TURN


@dataclass(frozen=True)
class Groups:
    """What is known of some groups of windows, each a turn or several."""

    products: Floats
    """(g, g): of their means with each other; the diagonal is their squared lengths."""
    variances: Floats
    """(g,): how far each mean lies from its person, as above."""
    dim: int


def independent(windows: NDArray[np.int64] | int, hop_s: float, window_s: float) -> Floats:
    """How many windows that share no audio so many consecutive ones are worth."""
    return np.asarray(1.0 + (np.asarray(windows, np.float64) - 1.0) * min(1.0, hop_s / window_s))


def variance(windows: NDArray[np.int64], hop_s: float, window_s: float) -> Floats:
    """Of the means of turns of so many consecutive windows: (n,) → (n,)."""
    return TURN + WINDOW / independent(windows, hop_s, window_s)


def same_person(
    products: Floats | float,
    squares: Floats | float,
    variances: Floats | float,
    square: Floats | float,
    variance: Floats | float,
    dim: int,
    between: float = BETWEEN,
) -> Floats:
    """The logarithm above, of groups with one other: their products with it, squared lengths, variances, and its own.

    Above 0 one person is the better explanation. Arrays are broadcast against each other.
    """
    between = between / dim
    a, c = between + variances / dim, between + np.asarray(variance) / dim
    determinant = a * c - between * between
    spread = np.log(determinant) - np.log(a) - np.log(c)
    apart = (c * squares - 2 * between * products + a * square) / determinant - squares / a - square / c
    return np.asarray(-0.5 * (dim * spread + apart))
