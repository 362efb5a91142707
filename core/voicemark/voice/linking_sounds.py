"""Sounds: jingles, trailers and applause that come back, which would pass for people who are heard everywhere.

Music and noise is nearer to music and noise than to voices: the cohort that comes with the weights
(`voicemark.voice.score_norm`) ends with rows of noise alone, and the mean of a local speaker's best cosines with these,
less that with the voices before them, tells it. Whether it comes back is then asked as it is of people.

Where there is speech in it, or no cohort, the same audio is known by itself: it gives nearly the same vector. No two
recordings of one person do: what somebody says differs, and so do the rooms. A sound is

- short in each recording, at most LONGEST_S: the vector of somebody who speaks for minutes in one studio comes close,
- alike from recording to recording, with cosines over ALIKE,
- in OFTEN recordings, or in two at the same place after a programme begins.

Two recordings that are alike in half of their time are two showings of one programme: what they share is no sound.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from voicemark.voice.linking_products import nothing, pairs_over
from voicemark.voice.quantisation import restore

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]

ALIKE = 0.98  # cosine
LONGEST_S = 20.0
OFTEN = 3  # recordings
SAME_PLACE_S = 3.0
SHOWN_AGAIN = 0.5  # of the seconds of the shorter of two recordings
BLOCK = 4096

NOISE_ROWS = 90  # of a cohort, its last, are of noise alone: whoever makes one sees to it (`voicemark.lab.backend`)
EVERY = 8  # of the rows before, one in so many is enough
BEST = 5  # cosines whose mean counts
NOISIER = 0.2  # than a voice
SMALLEST_COHORT = 1000  # rows


def noise_like(directions: NDArray[np.int8], cohort: Floats | None) -> NDArray[np.bool_]:
    """Which directions (n, d), as they are kept, are noise rather than a voice; none without a cohort (m, d)."""
    found = np.zeros(len(directions), np.bool_)
    if cohort is None or len(cohort) < SMALLEST_COHORT:
        return found
    voices, noises = cohort[:-NOISE_ROWS:EVERY], cohort[-NOISE_ROWS:]
    for start in range(0, len(directions), BLOCK):
        units = restore(directions[start : start + BLOCK])
        found[start : start + BLOCK] = _best(units, noises) - _best(units, voices) > NOISIER
    return found


def _best(units: Floats, rows: Floats) -> Floats:
    cosines = units @ rows.T
    cosines.partition(len(rows) - BEST, axis=1)
    return np.asarray(cosines[:, len(rows) - BEST :].mean(axis=1), np.float32)


@dataclass(frozen=True)
class Places:
    """Where local speakers are heard: all (n,)."""

    recordings: Ints
    seconds: NDArray[np.float64]
    begins_s: NDArray[np.float64]
    """When each is first heard, after the last programme, or the recording, began."""


def sounds_among(
    units: Floats, places: Places, fresh: NDArray[np.bool_], go_on: Callable[[], None] = nothing
) -> list[list[int]]:
    """Groups of local speakers (n, d), of length 1, that are one sound each; one of a group at least is `fresh`."""
    short = places.seconds <= LONGEST_S
    candidates = np.flatnonzero(short)  # what is longer only tells which recordings are shown again
    first, second = _alike(units[candidates], places.recordings[candidates], fresh[candidates], go_on)
    if not len(first):
        return []
    alike = np.unique(places.recordings[candidates[np.concatenate((first, second))]])
    there = np.flatnonzero(np.isin(places.recordings, alike))
    first, second = _alike(units[there], places.recordings[there], fresh[there], go_on)
    first, second = _shown_once(there[first], there[second], places)
    kept = short[first] & short[second]
    parts = _connected(first[kept], second[kept])
    return [part for part in parts if _comes_back(part, places)]


def _alike(units: Floats, recordings: Ints, fresh: NDArray[np.bool_], go_on: Callable[[], None]) -> tuple[Ints, Ints]:
    """Pairs of different recordings with a cosine over ALIKE, the first of them fresh."""
    rows = np.flatnonzero(fresh)
    pairs = [np.zeros((2, 0), np.int64)]
    for one, other, _ in pairs_over(units[rows], units, ALIKE, go_on=go_on):
        one = rows[one]
        kept = (recordings[one] != recordings[other]) & ~(fresh[other] & (other < one))
        pairs.append(np.stack((one[kept], other[kept])))
    first, second = np.concatenate(pairs, axis=1)
    return first, second


def _shown_once(first: Ints, second: Ints, places: Places) -> tuple[Ints, Ints]:
    """Without the pairs of two recordings that are one programme shown twice."""
    numbers, of = np.unique(places.recordings, return_inverse=True)
    length = np.bincount(of, places.seconds, len(numbers))
    low, high = np.minimum(of[first], of[second]), np.maximum(of[first], of[second])
    pair, which = np.unique(low * len(numbers) + high, return_inverse=True)
    shared = np.bincount(which, np.minimum(places.seconds[first], places.seconds[second]), len(pair))
    shorter = np.minimum(length[pair // len(numbers)], length[pair % len(numbers)])
    once = shared < SHOWN_AGAIN * shorter
    return first[once[which]], second[once[which]]


def _connected(first: Ints, second: Ints) -> list[list[int]]:
    """What hangs together by pairs; cosines this high do not chain."""
    root: dict[int, int] = {}

    def find(k: int) -> int:
        while root.setdefault(k, k) != k:
            root[k] = root[root[k]]
            k = root[k]
        return k

    for one, other in zip(first.tolist(), second.tolist(), strict=True):
        a, b = find(one), find(other)
        root[max(a, b)] = min(a, b)
    parts: dict[int, list[int]] = {}
    for k in sorted(root):
        parts.setdefault(find(k), []).append(k)
    return list(parts.values())


def _comes_back(part: list[int], places: Places) -> bool:
    recordings = set(places.recordings[part].tolist())
    if len(recordings) >= OFTEN:
        return True
    return len(recordings) > 1 and float(np.ptp(places.begins_s[part])) <= SAME_PLACE_S
