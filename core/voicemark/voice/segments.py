"""From scores to markers: when does each voice speak, and for how long?

A voice is heard from where its score rises to its threshold; it goes on while the score stays above the threshold
minus `hysteresis` (two levels, so that a score that trembles around one does not chop). Stretches closer than
`join_gap_s` are one, and what is then shorter than `min_marker_s` is a speck.

A window is two seconds wide and every half second there is one, so a window's number is no moment yet. A window
that the voice fills by half scores half of what the voice gives: drawn as a line from window centre to window
centre, the score crosses the level halfway between what lies beside the marker and the marker's own height where
the voice starts and ends. That level, not the threshold, places the borders: a threshold low enough to find a voice
under music would let a clear voice begin a second early.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from voicemark.config import MatchSection
from voicemark.voice.match import SILENT

BESIDE_S = 3.0  # the lowest score within so much of a run is what lies beside it
KEEPS_ALL = 2.0  # `exclusive` that is never exceeded

Scores = NDArray[np.float32]


@dataclass(frozen=True)
class Segment:
    """A stretch of a recording in which a voice is heard."""

    voice: int
    """Which of the voices: its row in the scores."""
    start_s: float
    end_s: float
    score: float
    """Mean score of its windows."""


@dataclass(frozen=True)
class WindowTimes:
    """Where windows lie in a recording: window k covers [k · hop_s, k · hop_s + window_s)."""

    hop_s: float
    window_s: float
    duration_s: float
    """Of the recording; the last windows may end before it."""


@dataclass(frozen=True)
class _Stretch:
    start_s: float
    end_s: float
    total: float  # sum of the scores of its windows
    windows: int


def find_segments(
    scores: Tensor, thresholds: Sequence[float], settings: MatchSection, times: WindowTimes
) -> list[Segment]:
    """The segments of all voices, by start: from smoothed scores (voices, n) and a threshold for each voice.

    Segments of one voice are disjoint, and all lie within the recording.
    """
    rows: Scores = scores.numpy()
    if settings.exclusive < KEEPS_ALL:
        rows = best_voice_only(rows, thresholds, settings)
    found = []
    for voice, threshold in enumerate(thresholds):
        stretches = [
            _stretch(rows[voice], first, last, threshold - settings.hysteresis, times)
            for first, last in runs(rows[voice], threshold, threshold - settings.hysteresis)
        ]
        stretches = join([stretch for stretch in stretches if stretch.end_s > stretch.start_s], settings.join_gap_s)
        found += [
            Segment(voice, stretch.start_s, stretch.end_s, stretch.total / stretch.windows)
            for stretch in stretches
            if stretch.end_s - stretch.start_s >= settings.min_marker_s
        ]
    return sorted(found, key=lambda segment: (segment.start_s, segment.voice))


def runs(scores: Scores, high: float, low: float) -> list[tuple[int, int]]:
    """First and last window of every run in which all scores (n,) reach `low` and at least one reaches `high`."""
    if not len(scores) or scores.max() < high:
        return []
    alive = np.concatenate(([False], scores >= low, [False]))
    edges = np.flatnonzero(alive[1:] != alive[:-1])  # in turn: first window of a run, first after it
    seeds = np.concatenate(([0], np.cumsum(scores >= high)))
    return [
        (int(first), int(after) - 1)
        for first, after in zip(edges[::2], edges[1::2], strict=True)
        if seeds[after] > seeds[first]
    ]


def best_voice_only(scores: Scores, thresholds: Sequence[float], settings: MatchSection) -> Scores:
    """Of several voices that could be heard in one window, the best one and those that come close to it.

    Similar voices raise each other's scores; only one of them speaks. What counts is the height above each voice's
    own threshold. A voice that is `exclusive` below the best one there is set to `SILENT`. Only voices that reach
    threshold minus hysteresis are looked at, so lower scores need not be known exactly.
    """
    alive = np.zeros(scores.shape, np.bool_)
    for voice, threshold in enumerate(thresholds):
        for first, last in runs(scores[voice], threshold, threshold - settings.hysteresis):
            alive[voice, first : last + 1] = True
    above = scores - np.asarray(thresholds, np.float32)[:, None]
    best = np.where(alive, above, -np.inf).max(axis=0, initial=-np.inf)
    return np.where(alive & (above < best - settings.exclusive), np.float32(SILENT), scores)


def join(stretches: Sequence[_Stretch], gap_s: float) -> list[_Stretch]:
    """Stretches in order of time, those less than `gap_s` apart made one."""
    joined: list[_Stretch] = []
    for stretch in stretches:
        if joined and stretch.start_s - joined[-1].end_s < gap_s:
            before = joined.pop()
            stretch = _Stretch(
                before.start_s, stretch.end_s, before.total + stretch.total, before.windows + stretch.windows
            )
        joined.append(stretch)
    return joined


def beside(hop_s: float) -> int:
    """How many windows beside a run say what lies there."""
    return round(BESIDE_S / hop_s)


def _stretch(scores: Scores, first: int, last: int, low: float, times: WindowTimes) -> _Stretch:
    inside = scores[first : last + 1]
    reach = beside(times.hop_s)
    height = float(np.sort(inside)[len(inside) // 2])
    before = _border(scores[max(0, first - reach) : last + 1][::-1], len(inside), low, height, times)
    after = _border(scores[first : last + 1 + reach], len(inside), low, height, times)
    start = (last * times.hop_s + times.window_s / 2 - before) if first else 0.0
    end = (first * times.hop_s + times.window_s / 2 + after) if last + 1 < len(scores) else times.duration_s
    return _Stretch(max(0.0, start), min(end, times.duration_s), float(inside.sum(dtype=np.float64)), len(inside))


def _border(scores: Scores, length: int, low: float, height: float, times: WindowTimes) -> float:
    """Where a voice that is heard in the first `length` windows ends: seconds from the first window's centre.

    `scores` go on beyond the run. The start of a voice is the end of what is heard backwards.
    """
    outside = scores[length:]
    if not len(outside):
        return (length - 1) * times.hop_s
    if outside[0] <= SILENT:  # the voice is in the run's last window, and not in the hop after the one before
        return (length - 1) * times.hop_s - (times.window_s - times.hop_s) / 2
    background = float(outside[outside > SILENT].min())
    level = max(low, (background + height) / 2)
    last = int(np.flatnonzero(scores[:length] >= level)[-1])
    share = (scores[last] - level) / (scores[last] - scores[last + 1])
    return (last + float(share)) * times.hop_s
