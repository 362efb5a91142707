"""Packets that come twice: a receiver that splits a recording writes its last few KiB again into the next file.

Decoded as they come they would be heard twice and shift everything behind. A packet is known again by its 188 bytes,
its counter among them, which is only asked where something is wrong: the counter, the clock or the rhythm jumps, or a
file begins. A packet may look like an earlier one by chance (digital silence); a repetition is a row that leads up to
the last packet before it, and begins out of order or has a time stamp in it.
"""

from collections import deque

import numpy as np
from numpy.typing import NDArray

from voicemark.audio.packets import Rows, begins

MEMORY = 1024
"""Packets of a stream that are remembered: 188 KiB of it, which is some MiB of a recording with a picture."""


class Repeats:
    """Of one PID, in order: which of its packets (with payload) have been there before."""

    def __init__(self) -> None:
        self._seen: deque[Rows] = deque()
        self._count = 0
        self._counter: int | None = None
        self._within = False
        """Whether the last packet was one that came again."""

    def fresh(self, rows: Rows, *, suspicious: bool) -> NDArray[np.bool_]:
        """(n,) Whether each of `rows` (n, 188) is new. `suspicious`: look closely even if the counters are right."""
        if not len(rows):
            return np.zeros(0, bool)
        counters = rows[:, 3] & 0x0F
        expected = np.concatenate(([counters[0] if self._counter is None else self._counter + 1], counters[:-1] + 1))
        jumps = counters != expected & 0x0F
        fresh = np.ones(len(rows), bool)
        if suspicious or self._within or jumps.any():
            fresh = self._compared(rows, jumps)
        if fresh.any():
            self._counter = int(counters[fresh][-1])
            self._remember(rows[fresh])
        return fresh

    def _compared(self, rows: Rows, jumps: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """By what is remembered, and what of `rows` itself has been new."""
        known = {row.tobytes(): number for number, row in enumerate(np.concatenate([*self._seen, rows[:0]]))}
        number = self._count
        units = begins(rows)
        fresh = np.ones(len(rows), bool)
        index = 0
        while index < len(rows):
            length = self._row(rows, index, known, number)
            to_the_last = length > 0 and (
                index + length == len(rows) or known[rows[index + length - 1].tobytes()] == number - 1
            )
            if to_the_last and (self._within or jumps[index] or units[index : index + length].any()):
                fresh[index : index + length] = False
                self._within = True
                index += length
                continue
            self._within = False
            known.setdefault(rows[index].tobytes(), number)
            number += 1
            index += 1
        return fresh

    @staticmethod
    def _row(rows: Rows, index: int, known: dict[bytes, int], number: int) -> int:
        """How many packets from `index` on repeat a row of known ones."""
        twin = known.get(rows[index].tobytes())
        if twin is None:
            return 0
        length = 1
        while index + length < len(rows) and twin + 1 < number:
            if known.get(rows[index + length].tobytes()) != twin + 1:
                break
            length, twin = length + 1, twin + 1
        return length

    def _remember(self, rows: Rows) -> None:
        self._seen.append(rows.copy())
        self._count += len(rows)
        while self._count - len(self._seen[0]) >= MEMORY:
            self._count -= len(self._seen.popleft())
