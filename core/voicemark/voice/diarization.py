"""Who speaks when in one recording, before anybody has a name: its turns, each a local speaker's.

    kept windows → parts, cut finely where embeddings change (`partition.py`) → whose each is (`clustering.py`)
        → every window given to one of these people (`resegmentation.py`) → turns

A local speaker is a number within the recording, in order of appearance. A turn is as long as the same one goes on
speaking; silence is nobody's. Everything comes from the windows that are kept of a recording, so an archive can be cut
anew without decoding, on whatever grid its windows are.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, from_numpy

from voicemark.errors import DatabaseError
from voicemark.voice.clustering import in_order, people
from voicemark.voice.evidence import variance
from voicemark.voice.partition import not_zero, partition, typical_distance
from voicemark.voice.quantisation import quantise, restore
from voicemark.voice.resegmentation import NOBODY, directions, resegment

RULES = 2  # counted up when recordings would be cut otherwise, so that what is kept is cut anew
PENALTY_S = 0.75  # times the typical distance: what a further part must save, in seconds of windows
LONGEST_S = 20.0  # a longer part is cut in two; what one person says is joined again


@dataclass(frozen=True)
class Diarization:
    """A recording's turns in order; together they are all its windows."""

    lengths: NDArray[np.int64]
    """(t,) windows of each turn."""
    speakers: NDArray[np.int64]
    """(t,) whose it is, `NOBODY` where nothing is heard."""
    data: NDArray[np.int8]
    """(t, d): each turn's direction as `voicemark.voice.quantisation` keeps it; zeros where it is nobody's."""
    people: NDArray[np.int8]
    """(p, d): each local speaker's direction, of the windows that are typical of it."""
    hop_s: float
    window_s: float

    def __len__(self) -> int:
        return len(self.lengths)

    @property
    def edges(self) -> NDArray[np.int64]:
        """(t + 1,): turn k is windows edges[k] up to, not including, edges[k + 1]."""
        return np.concatenate((np.zeros(1, np.int64), np.cumsum(self.lengths)))

    @cached_property
    def silent(self) -> NDArray[np.bool_]:
        """(t,): where nobody is heard."""
        return np.asarray(self.speakers == NOBODY, np.bool_)

    @cached_property
    def windows(self) -> NDArray[np.int64]:
        """(p,): how many each local speaker has."""
        heard = ~self.silent
        counts = np.bincount(self.speakers[heard], self.lengths[heard], len(self.people))
        return counts.astype(np.int64)

    @property
    def directions(self) -> Tensor:
        """(t, d) of length 1, or zeros: of the turns."""
        return from_numpy(restore(self.data))

    @property
    def people_directions(self) -> Tensor:
        """(p, d) of length 1: of the local speakers."""
        return from_numpy(restore(self.people))


def diarize(windows: NDArray[np.int8], hop_s: float, window_s: float) -> Diarization:
    """The turns of a recording from its kept windows (n, d), `window_s` long, each `hop_s`; zeros are silence."""
    units, heard = restore(windows), not_zero(windows)
    parts = _parts(units, heard, hop_s, window_s)
    labels = np.full(len(windows), NOBODY)
    if parts:
        lengths = np.array(parts)
        places = np.flatnonzero(heard)  # the parts are all of these, in order
        sums = np.add.reduceat(units[places], np.cumsum([0, *lengths[:-1]]), axis=0)
        whose = people(sums / lengths[:, None], variance(lengths, hop_s, window_s))
        labels[places] = np.repeat(whose, lengths)
        labels = resegment(units, labels, hop_s)
        labels[places] = in_order(labels[places])
    return of_labels(units, labels, hop_s, window_s)


def _parts(units: NDArray[np.float32], heard: NDArray[np.bool_], hop_s: float, window_s: float) -> list[int]:
    """The length of every part in which one person is likely to speak, in order; silence is in none."""
    lag = max(1, round(window_s / hop_s))
    penalty = PENALTY_S / hop_s * typical_distance(units, heard, lag)
    longest = max(1, round(LONGEST_S / hop_s))
    parts: list[int] = []
    for run in np.split(np.arange(len(units)), np.flatnonzero(heard[1:] != heard[:-1]) + 1):
        if not len(run) or not heard[run[0]]:
            continue
        parts += partition(units[run[0] : run[-1] + 1], penalty, longest)
    return parts


def of_labels(units: NDArray[np.float32], labels: NDArray[np.int64], hop_s: float, window_s: float) -> Diarization:
    """The turns of windows (n, d) of length 1 by whose they are: labels (n,) from 0 without gaps, or `NOBODY`."""
    count, dim = units.shape
    starts = np.flatnonzero(np.concatenate((np.ones(min(1, count), np.bool_), labels[1:] != labels[:-1])))
    lengths = np.diff(np.append(starts, count))
    sums = np.add.reduceat(units, starts, axis=0) if count else np.zeros((0, dim), np.float32)
    who = directions(units, labels, int(labels.max(initial=NOBODY)) + 1)
    return Diarization(lengths, labels[starts], quantise(sums), quantise(who), hop_s, window_s)


def pack(found: Diarization) -> bytes:
    """`RULES`, how many people, turns' lengths (little-endian uint32) and persons (int32), all directions by rows."""
    head = np.concatenate(([RULES, len(found.people)], found.lengths)).astype("<u4")
    whose = found.speakers.astype("<i4")
    return head.tobytes() + whose.tobytes() + found.data.tobytes() + found.people.tobytes()


def unpack(data: bytes, dim: int, hop_s: float, window_s: float) -> Diarization | None:
    """What was packed; None where it was cut by other rules. Raises DatabaseError when `data` is damaged."""
    if len(data) >= 4 and int(np.frombuffer(data, "<u4", 1)[0]) != RULES:
        return None
    people = int(np.frombuffer(data, "<u4", 1, 4)[0]) if len(data) >= 8 else 0
    turns, rest = divmod(len(data) - 8 - people * dim, dim + 8)
    if rest or turns < 0:
        raise DatabaseError(
            f"stored turns are damaged ({len(data)} bytes are no whole number of turns of {dim})",
            hint="scan the recording again",
        )
    lengths = np.frombuffer(data, "<u4", turns, 8).astype(np.int64)
    speakers = np.frombuffer(data, "<i4", turns, 8 + 4 * turns).astype(np.int64)
    if turns and (int(speakers.min()) < NOBODY or int(speakers.max()) >= people):
        raise DatabaseError("stored turns are damaged (a turn of nobody known)", hint="scan the recording again")
    rows = np.frombuffer(data, np.int8, (turns + people) * dim, 8 + 8 * turns).reshape(-1, dim)
    return Diarization(lengths, speakers, rows[:turns], rows[turns:], hop_s, window_s)
