"""Where a run of windows is cut: where its embeddings change, whoever it is that speaks.

Windows x_a … x_b of one turn lie around one direction; replaced by it they lose n − |x_a + … + x_b|. The cut of a run
is the one with the least Σ (n − |Σ x|) + penalty · number of parts (Jackson et al., "An algorithm for optimal
partitioning of data on an interval", IEEE Signal Processing Letters 12(2), 2005).

The squared length of a sum is the sum of a square of the windows' Gram matrix. Only the band of it that is as wide as
the longest part is needed; it comes out of a few matrix products, and the square of each part grows out of the one
that is a window shorter:

    Q(a, b) = Q(a + 1, b) + 2 · Σ_j G(a, j) − G(a, a)
"""

import numpy as np
from numpy.typing import NDArray

LEAST_DISTANCE = 0.05  # windows of nearly equal embeddings are still not parts of their own
USUAL_DISTANCE = 0.5  # where a recording is too short to tell
AT_ONCE = 512  # rows of the Gram matrix's band that are computed together


def not_zero(rows: NDArray[np.int8]) -> NDArray[np.bool_]:
    """(n, d) → (n,): which rows hold anything, that is, where something is heard."""
    return np.asarray(rows.any(axis=1), np.bool_)


def typical_distance(units: NDArray[np.float32], heard: NDArray[np.bool_], lag: int) -> float:
    """Lower quartile of 1 − cosine of windows `lag` apart, both heard: (n, d), (n,) → a number.

    Also where turns are short, a quarter of these pairs lies within one: so one penalty serves encoders whose
    embeddings lie close together and others, quiet studios and loud ones.
    """
    both = heard[lag:] & heard[:-lag]
    if not both.any():
        return USUAL_DISTANCE
    cosines = np.einsum("nd,nd->n", units[lag:], units[:-lag])[both]
    return max(LEAST_DISTANCE, float(np.quantile(1 - cosines, 0.25)))


def partition(units: NDArray[np.float32], penalty: float, longest: int) -> list[int]:
    """Lengths of the parts of (n, d), n at least 1, whose total cost, `penalty` for each included, is least.

    No part is longer than `longest`. O(n · longest) besides the matrix products. Of equal costs the one with the
    shorter last part is taken.
    """
    count = len(units)
    longest = min(longest, count)
    cost = _costs(units, longest)
    least = np.zeros(count + longest + 1)  # of the windows before e, at [e + longest]
    least[:longest] = np.inf
    last = np.zeros(count + 1, np.int64)
    for end in range(1, count + 1):
        totals = least[end + longest - 1 :: -1][:longest] + cost[end]
        best = int(totals.argmin())
        least[end + longest] = totals[best] + penalty
        last[end] = best + 1
    lengths = []
    while count:
        lengths.append(int(last[count]))
        count -= lengths[-1]
    return lengths[::-1]


def _costs(units: NDArray[np.float32], longest: int) -> NDArray[np.float64]:
    """(n + 1, longest): at [e, l − 1] what the l windows before e lose as one part; infinite where there are fewer."""
    count = len(units)
    band = _band(units, longest)
    ahead = np.cumsum(band, axis=0)  # [l, a]: Σ G(a, a … a + l)
    cost = np.full((count + 1, longest), np.inf)
    square = band[0]
    for length in range(1, longest + 1):
        if length > 1:
            starts = count - length + 1
            square = square[1 : starts + 1] + 2 * ahead[length - 1, :starts] - band[0, :starts]
        cost[length:, length - 1] = length - np.sqrt(np.maximum(square, 0.0))
    return cost


def _band(units: NDArray[np.float32], width: int) -> NDArray[np.float64]:
    """(width, n): at [l, a] the product of windows a and a + l; 0 beyond the end."""
    count = len(units)
    band = np.zeros((width, count))
    for start in range(0, count, AT_ONCE):
        end = min(count, start + AT_ONCE)
        products = units[start:end] @ units[start : end + width - 1].T
        for lag in range(width):
            rows = min(end, count - lag) - start
            if rows <= 0:
                break
            band[lag, start : start + rows] = products.diagonal(lag)[:rows]
    return band
