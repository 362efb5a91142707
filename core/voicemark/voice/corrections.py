"""What answers of a person teach about a voice: which windows join its memory, what speaks against it, its own offset.

    is       windows of the spans join the memory: of a group the most typical, of corrections the most different, few
             of one recording, so that no evening weighs more than the others
    is not   the span's direction speaks against this voice alone, and only relative to its memory: a score is lowered
             by AGAINST times what the nearest of these is nearer than the memory; nothing is where the memory is nearer
    both     from FEWEST answers of each kind on, the threshold moves for this voice: logistic regression on its scores
             with a prior at the common one, so that few answers move it little

A correction says "not her", never "somebody": what is near to it may be anybody else (docs/people.md).
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

RULES = 1  # counted up when other windows would be chosen, so that memories are made anew
MOST_CONFIRMED = 24  # spans that a person said, of those a memory takes so many
MOST_TYPICAL = 20  # spans of a group that has a name
PER_SPAN = 3  # windows of each span
PER_RECORDING = 3  # spans of each recording, unless there are too few recordings
MOST_DENIED = 24
OUTLIERS = 3.5  # robust standard deviations
SMALLEST_DEVIATION = 0.05
AGAINST = 1.0
FEWEST = 10
STEEP = 20.0  # how fast a score becomes sure: of the logistic function, for a score of 1
PRIOR = 0.03  # an offset is expected to be as large
FARTHEST = 0.10
STEP = 0.002

Floats = NDArray[np.float32]


def windows_within(start_s: float, end_s: float, hop_s: float, window_s: float, count: int) -> tuple[int, int]:
    """The windows [first, last) that lie in a span; where none does the one whose middle is nearest to the span's.

    Window k of `count` lasts from k · hop_s to k · hop_s + window_s seconds.
    """
    first = max(0, math.ceil(start_s / hop_s - 1e-6))
    last = min(count, math.floor((end_s - window_s) / hop_s + 1e-6) + 1)
    if first < last:
        return first, last
    middle = round(((start_s + end_s) / 2 - window_s / 2) / hop_s)
    nearest = min(max(0, middle), count - 1)
    return (nearest, nearest + 1) if count else (0, 0)


def spread(count: int, at_most: int) -> list[int]:
    """So many of `count` places, evenly: for windows that overlap as little as they can."""
    if count <= at_most:
        return list(range(count))
    return [int((step + 0.5) * count / at_most) for step in range(at_most)]


def typical(directions: Floats, sources: Sequence[str], at_most: int = MOST_TYPICAL) -> list[int]:
    """Of spans (n, d) of length 1 the most typical, the best of each source first: their numbers.

    What is far from the middle of all is somebody else, and left out.
    """
    if not len(directions):
        return []
    closeness = directions @ _unit(directions.sum(axis=0))
    median = float(np.median(closeness))
    deviation = max(1.4826 * float(np.median(np.abs(closeness - median))), SMALLEST_DEVIATION)
    good = [k for k in range(len(directions)) if closeness[k] >= median - OUTLIERS * deviation]
    return _in_rounds(sorted(good, key=lambda k: (-closeness[k], k)), sources, at_most)


def diverse(directions: Floats, sources: Sequence[str], at_most: int, per_source: int = PER_RECORDING) -> list[int]:
    """Of spans (n, d) of length 1 those that differ most from each other: their numbers.

    The first is nearest to the middle of all; each further one is least like those that are chosen. One of each source
    comes before a second one of any, and of one source there are at most `per_source`.
    """
    chosen: list[int] = []
    if not len(directions):
        return chosen
    nearest = -(directions @ _unit(directions.sum(axis=0)))  # the first time the typical one is wanted
    for so_many in range(1, per_source + 1):
        while len(chosen) < at_most:
            taken = [sources[k] for k in chosen]
            left = [k for k in range(len(sources)) if k not in chosen and taken.count(sources[k]) < so_many]
            if not left:
                break
            best = min(left, key=lambda k: (nearest[k], k))
            likeness = directions @ directions[best]
            nearest = likeness if not chosen else np.maximum(nearest, likeness)
            chosen.append(best)
    return chosen


def against(cosines: Floats, denied: Floats, whose: NDArray[np.int64]) -> Floats:
    """What scores are lowered by (voices, n): from cosines (voices, n) with the memories and (k, n) with what was
    denied of voice `whose` (k,)."""
    lowered = np.zeros_like(cosines)
    for voice in np.unique(whose).tolist():
        nearest = denied[whose == voice].max(axis=0)
        lowered[voice] = AGAINST * np.maximum(nearest - cosines[voice], 0.0)
    return lowered


def own_offset(yes: Floats, no: Floats, threshold: float) -> float:
    """By how much a voice's threshold moves, from the scores of spans that are hers (n,) and are not (m,).

    0 while there are fewer than `FEWEST` of either. Both kinds weigh the same, however often they were answered: people
    answer where they are asked.
    """
    if len(yes) < FEWEST or len(no) < FEWEST:
        return 0.0
    offsets = np.arange(-FARTHEST, FARTHEST + STEP / 2, STEP)
    evidence = min(len(yes), len(no))
    above = np.asarray(yes, np.float64)[:, None] - threshold - offsets
    below = np.asarray(no, np.float64)[:, None] - threshold - offsets
    loss = evidence * (_unlikely(above).mean(axis=0) + _unlikely(-below).mean(axis=0)) + (offsets / PRIOR) ** 2 / 2
    return round(float(offsets[int(loss.argmin())]), 3)


def _unlikely(heights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Minus the logarithm of the probability of being hers, so far above the threshold."""
    return np.asarray(np.logaddexp(0.0, -STEEP * heights))


def _in_rounds(ordered: Sequence[int], sources: Sequence[str], at_most: int) -> list[int]:
    """The first of each source, then the second of each, and so on."""
    rounds: dict[str, int] = {}
    numbered: list[tuple[int, int, int]] = []
    for k in ordered:
        rounds[sources[k]] = rounds.get(sources[k], 0) + 1
        numbered.append((rounds[sources[k]], len(numbered), k))
    return [k for _, _, k in sorted(numbered)[:at_most]]


def _unit(row: Floats) -> Floats:
    return np.asarray(row / max(float(np.linalg.norm(row)), 1e-9), np.float32)
