"""By how much the wall clock was set: a machine without a clock begins in 1970 and is set from the network later."""

import time
from collections.abc import Callable

LEAST_S = 300.0
"""A smaller difference is drift."""


def _since_boot() -> float:
    """Seconds, the machine's sleep included, on a clock that nobody sets."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class ClockSteps:
    """Compares the wall clock with one that nobody sets, from its making on."""

    def __init__(self, wall: Callable[[], float] = time.time, since_boot: Callable[[], float] = _since_boot) -> None:
        self._wall, self._since_boot = wall, since_boot
        self._apart_s = wall() - since_boot()

    def since_last(self) -> float:
        """Seconds by which it was set forwards (or back, below 0) since this was asked before; 0 when it was not."""
        apart_s = self._wall() - self._since_boot()
        step_s = apart_s - self._apart_s
        if abs(step_s) < LEAST_S:
            return 0.0
        self._apart_s = apart_s
        return step_s
