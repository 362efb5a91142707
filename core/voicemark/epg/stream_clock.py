"""The broadcaster's clock on a recording's timeline: when the recording began by it, and where it jumps."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise

JUMP_S = 300.0  # the broadcaster's clock and the place in the file disagree by less
STEADY = 2  # tellings of the time that make a run
MAX_RUNS = 50
Clocks = Sequence[tuple[float, datetime]]
"""Where in the recording (seconds) which time was told."""


def start_of(clocks: Clocks) -> datetime | None:
    """The clock at the recording's first moment: the median of what each telling of the time says of it."""
    if not clocks:
        return None
    starts = sorted(map(_zero, clocks))
    return starts[len(starts) // 2]


def runs_of(clocks: Clocks) -> tuple[Clocks, tuple[tuple[float, datetime], ...]]:
    """The tellings of the time that go on without a jump from the first on, and where the later runs begin. All of
    them are one run where the clock jumps about."""
    runs: list[list[tuple[float, datetime]]] = []
    for seconds, moment in sorted(clocks, key=lambda clock: clock[0]):
        zero = moment - timedelta(seconds=seconds)
        if runs and abs((zero - _zero(runs[-1][-1])).total_seconds()) <= JUMP_S:
            runs[-1].append((seconds, moment))
        else:
            runs.append([(seconds, moment)])
    steady = [run for run in runs if len(run) >= STEADY]
    ahead = all(later[0][1] > before[-1][1] for before, later in pairwise(steady))
    if not 1 < len(steady) <= MAX_RUNS or not ahead or sum(map(len, steady)) < len(clocks):
        return clocks, ()
    jumps = []
    for before, later in pairwise(steady):
        at_s = (before[-1][0] + later[0][0]) / 2
        jumps.append((at_s, later[0][1] - timedelta(seconds=later[0][0] - at_s)))
    return steady[0], tuple(jumps)


def _zero(clock: tuple[float, datetime]) -> datetime:
    """The time of day at the recording's first moment, by one telling."""
    return clock[1] - timedelta(seconds=clock[0])
