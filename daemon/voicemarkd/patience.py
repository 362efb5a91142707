"""Pauses that grow: what is not possible now is tried again by itself, less and less often."""

import time
from collections.abc import Callable

FIRST_S, LONGEST_S = 15.0, 600.0


class Patience:
    """The pause before the next try of one thing; on a clock that only goes forward."""

    def __init__(
        self,
        first_s: float = FIRST_S,
        longest_s: float = LONGEST_S,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._first_s, self._longest_s = first_s, longest_s
        self._monotonic = monotonic
        self._pause_s = 0.0
        self._until = float("-inf")

    @property
    def left_s(self) -> float:
        """Seconds until the next try; 0 when it may be made."""
        return max(0.0, self._until - self._monotonic())

    def failed(self) -> float:
        """It was not possible: the pause until the next try, twice as long as the one before."""
        self._pause_s = min(2 * self._pause_s or self._first_s, self._longest_s)
        self._until = self._monotonic() + self._pause_s
        return self._pause_s

    def over(self) -> None:
        """It was possible, or is another thing now."""
        self._pause_s, self._until = 0.0, float("-inf")
