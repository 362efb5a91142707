"""From scores to markers: when does each voice speak, and for how long?

A turn belongs to every voice that reaches its threshold in it, unless another one does so much better. Turns of one
voice that are closer than `join_gap_s` are one marker, and what is then shorter than `min_marker_s` is a speck.

A window is seconds wide and there is one each hop, so a window's number is no moment yet. Where a recording is cut
between two windows that are both heard, the voices change halfway between the windows' centres. Silence is another
matter: a window is silent only when all of it is, so a voice begins in the last hop of the first window that is heard,
and ends in the first hop of the last one.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from voicemark.config import MatchSection
from voicemark.voice.diarization import Diarization

KEEPS_ALL = 2.0  # `exclusive` that is never exceeded


@dataclass(frozen=True)
class Segment:
    """A stretch of a recording in which a voice is heard."""

    voice: int
    """Which of the voices: its row in the scores."""
    start_s: float
    end_s: float
    score: float
    """Mean score of its windows."""
    turns: tuple[int, ...]
    """In which turns."""


@dataclass(frozen=True)
class _Part:
    start_s: float
    end_s: float
    total: float  # sum of the scores of its windows
    windows: int
    turns: tuple[int, ...]


def find_segments(
    scores: Tensor, thresholds: Sequence[float], settings: MatchSection, found: Diarization, duration_s: float
) -> list[Segment]:
    """The segments of all voices, by start: from scores (voices, t) of the turns and a threshold for each voice.

    Segments of one voice are disjoint, and all lie within the recording, which is `duration_s` long.
    """
    rows: NDArray[np.float32] = scores.numpy()
    heard = voices_heard(rows, thresholds, settings.exclusive)
    moments = borders(found, duration_s)
    lengths = found.lengths.tolist()
    segments = []
    for voice in np.flatnonzero(heard.any(axis=1)).tolist():
        parts = [
            _Part(moments[k], moments[k + 1], float(rows[voice, k]) * lengths[k], lengths[k], (k,))
            for k in np.flatnonzero(heard[voice]).tolist()
            if moments[k + 1] > moments[k]
        ]
        segments += [
            Segment(voice, part.start_s, part.end_s, part.total / part.windows, part.turns)
            for part in join(parts, settings.join_gap_s)
            if part.end_s - part.start_s >= settings.min_marker_s
        ]
    return sorted(segments, key=lambda segment: (segment.start_s, segment.voice))


def voices_heard(scores: NDArray[np.float32], thresholds: Sequence[float], exclusive: float) -> NDArray[np.bool_]:
    """(voices, t): which voices are heard in which turns.

    Similar voices raise each other's scores; only one of them speaks. What counts is the height above each voice's own
    threshold: a voice that is `exclusive` below the best one there is not heard.
    """
    if not scores.size:
        return np.zeros(scores.shape, np.bool_)
    above = scores - np.asarray(thresholds, np.float32)[:, None]
    heard: NDArray[np.bool_] = above >= 0
    if exclusive < KEEPS_ALL:
        heard &= above >= above.max(axis=0) - exclusive
    return heard


def borders(found: Diarization, duration_s: float) -> list[float]:
    """Where turns begin and end in seconds: (t + 1,), ascending, from 0 to the recording's end."""
    if not len(found):
        return [0.0, max(0.0, duration_s)]
    before, after = found.silent[:-1], found.silent[1:]
    # from the start of the window after the border
    offsets = np.where(after, -found.hop_s / 2, found.window_s / 2 - found.hop_s / 2)
    offsets[before] = found.window_s - found.hop_s / 2
    moments = np.minimum(found.edges[1:-1] * found.hop_s + offsets, duration_s)
    ascending = np.maximum.accumulate(np.concatenate(([0.0], moments, [duration_s])))
    moments_s: list[float] = ascending.tolist()
    return moments_s


def join(parts: Sequence[_Part], gap_s: float) -> list[_Part]:
    """Parts in order of time, those that touch or are less than `gap_s` apart made one."""
    joined: list[_Part] = []
    for part in parts:
        if joined and (part.start_s - joined[-1].end_s < gap_s or part.start_s <= joined[-1].end_s):
            before = joined.pop()
            part = _Part(
                before.start_s,
                part.end_s,
                before.total + part.total,
                before.windows + part.windows,
                before.turns + part.turns,
            )
        joined.append(part)
    return joined
