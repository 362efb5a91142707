"""One voice at a time: a recording is cut where its embeddings change, whoever it is that speaks.

A window of two seconds says little about a voice; a whole turn says a lot. Windows x_a … x_b of one turn lie around
one direction, and what is lost when they are all replaced by it is n − |x_a + … + x_b|. The cut of a recording is the
one with the least

    Σ over turns (n − |Σ x|) + PENALTY · d · number of turns,

found exactly by dynamic programming (Jackson et al., "An algorithm for optimal partitioning of data on an interval",
IEEE Signal Processing Letters 12(2), 2005). d is how far apart two windows of this recording typically are that
follow each other without sharing audio, mostly within one turn: so one penalty serves encoders whose embeddings lie
close together and others, quiet studios and loud ones.

No voice need be known for it. A turn is kept as its windows' common direction, in a byte per component: that is
all that matching an archive reads.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from voicemark.errors import DatabaseError
from voicemark.voice.quantisation import quantise, restore

RULES = 1  # counted up when recordings would be cut otherwise, so that what is kept is cut anew
PENALTY = 6.0  # typical distances that a further turn must save
LONGEST_S = 40.0  # a longer turn is cut in two, which does no harm
LEAST_DISTANCE = 0.05  # windows of nearly equal embeddings are still not turns of their own
USUAL_DISTANCE = 0.5  # where a recording is too short to tell

Directions = NDArray[np.int8]


@dataclass(frozen=True)
class Turns:
    """A recording's turns in order; together they are all its windows."""

    lengths: NDArray[np.int64]
    """(s,) windows of each."""
    data: Directions
    """(s, d): each one's direction as `voicemark.voice.quantisation` keeps it; zeros where there is silence."""

    def __len__(self) -> int:
        return len(self.lengths)

    @property
    def edges(self) -> NDArray[np.int64]:
        """(s + 1,): turn k is windows edges[k] up to, not including, edges[k + 1]."""
        return np.concatenate((np.zeros(1, np.int64), np.cumsum(self.lengths)))

    @property
    def silent(self) -> NDArray[np.bool_]:
        """(s,): where nothing is heard."""
        return ~not_zero(self.data)

    @property
    def directions(self) -> Tensor:
        """(s, d) of length 1, or zeros where there is silence."""
        return torch.from_numpy(restore(self.data))


def segment_turns(windows: NDArray[np.int8], hop_s: float, window_s: float) -> Turns:
    """The turns of a recording from its kept windows (n, d), one every `hop_s` and `window_s` long."""
    units = restore(windows)
    heard = not_zero(windows)
    penalty = PENALTY * typical_distance(units, heard, max(1, round(window_s / hop_s)))
    longest = max(1, round(LONGEST_S / hop_s))
    lengths: list[int] = []
    changes = np.flatnonzero(heard[1:] != heard[:-1]) + 1
    for run in np.split(np.arange(len(windows)), changes):
        if len(run) and heard[run[0]]:
            lengths += partition(units[run[0] : run[-1] + 1], penalty, longest)
        elif len(run):
            lengths.append(len(run))
    starts = np.cumsum([0, *lengths[:-1]])
    sums = np.add.reduceat(units, starts, axis=0) if lengths else np.zeros((0, windows.shape[1]), np.float32)
    return Turns(np.array(lengths, np.int64), quantise(sums))


def not_zero(rows: NDArray[np.int8]) -> NDArray[np.bool_]:
    """(n, d) → (n,): which rows hold anything, that is, where something is heard."""
    return np.asarray(rows.any(axis=1), np.bool_)


def typical_distance(units: NDArray[np.float32], heard: NDArray[np.bool_], lag: int) -> float:
    """Lower quartile of 1 − cosine of windows `lag` apart, both heard: (n, d), (n,) → a number.

    Also where turns are short, a quarter of these pairs lies within one.
    """
    both = heard[lag:] & heard[:-lag]
    if not both.any():
        return USUAL_DISTANCE
    cosines = np.einsum("nd,nd->n", units[lag:], units[:-lag])[both]
    return max(LEAST_DISTANCE, float(np.quantile(1 - cosines, 0.25)))


def partition(units: NDArray[np.float32], penalty: float, longest: int) -> list[int]:
    """Lengths of the turns of (n, d) whose total cost, `penalty` for each included, is least.

    O(n · longest · d). Of equal costs the one with the shorter last turn is taken.
    """
    count = len(units)
    longest = min(longest, count)
    sums = np.concatenate((np.zeros((1, units.shape[1])), np.cumsum(units, axis=0, dtype=np.float64)))
    cost = np.full((count + 1, longest), np.inf)  # [e, l - 1]: of the l windows before e
    for length in range(1, longest + 1):
        resultant = sums[length:] - sums[:-length]
        cost[length:, length - 1] = length - np.sqrt(np.einsum("nd,nd->n", resultant, resultant))
    least = np.zeros(count + longest + 1)  # of the windows before e, at [e + longest]
    least[:longest] = np.inf
    last = np.zeros(count + 1, np.int64)
    for end in range(1, count + 1):
        totals = least[end + longest - 1 :: -1][:longest] + cost[end]
        best = int(np.argmin(totals))
        least[end + longest] = totals[best] + penalty
        last[end] = best + 1
    lengths = []
    while count:
        lengths.append(int(last[count]))
        count -= lengths[-1]
    return lengths[::-1]


def pack(turns: Turns) -> bytes:
    """`RULES`, every turn's length (both little-endian uint32), then the directions, row by row."""
    head = np.concatenate(([RULES], turns.lengths)).astype("<u4")
    return head.tobytes() + turns.data.tobytes()


def unpack(data: bytes, dim: int) -> Turns | None:
    """What was packed; None where it was cut by other rules. Raises DatabaseError when `data` is damaged."""
    count, rest = divmod(len(data) - 4, dim + 4)
    if rest or count < 0:
        raise DatabaseError(
            f"stored turns are damaged ({len(data)} bytes are no whole number of turns of {dim})",
            hint="scan the recording again",
        )
    head = np.frombuffer(data, "<u4", count + 1)
    if head[0] != RULES:
        return None
    return Turns(head[1:].astype(np.int64), np.frombuffer(data, np.int8, offset=4 * (count + 1)).reshape(count, dim))
