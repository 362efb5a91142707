"""Where in transport stream files a moment of the recording lies, by their clock (PCR), in a few reads.

Only where the files carry one clock that runs on from each into the next: else a moment's place is not known before
everything ahead of it has been read.
"""

from collections.abc import Sequence
from pathlib import Path

from voicemark.audio.packets import data_end
from voicemark.mpegts import PCR_WRAP_S, packets

LOOK_AT = 1 << 20
NEAR = 1 << 20  # bytes: close enough
MOST_JOINT_S = 2.0


class Clocks:
    """The clocks of a recording's files. Reads at most a megabyte at a place."""

    def __init__(self, files: Sequence[Path]) -> None:
        """Raises `OSError`."""
        self._files = tuple(files)
        self._ends = [data_end(file) for file in files]
        self._first: list[float] | None = None

    def place(self, clock_s: float) -> tuple[int, int]:
        """File number and byte that are at or somewhat before `clock_s` of the stream's clock (any multiple of its
        wrap off); the beginning where that cannot be told."""
        firsts = self._continuous()
        if not firsts:
            return 0, 0
        ahead = (clock_s - firsts[0]) % PCR_WRAP_S
        if ahead > PCR_WRAP_S / 2:
            return 0, 0
        number = max(number for number, first in enumerate(firsts) if first - firsts[0] <= ahead)
        low, high = 0, self._ends[number]
        while high - low > NEAR:
            middle = (low + high) // 2
            clock = self._clock(number, middle)
            if clock is not None and (clock - firsts[0]) % PCR_WRAP_S < ahead:
                low = middle
            else:
                high = middle
        return number, low

    def _continuous(self) -> list[float]:
        """The clock at each file's start, unwrapped; empty where they do not follow each other."""
        if self._first is None:
            self._first = []
            firsts: list[float] = []
            end = 0.0
            for number in range(len(self._files)):
                first = self._clock(number, 0)
                last = self._clock(number, max(0, self._ends[number] - LOOK_AT), last=True)
                if first is None or last is None:
                    return self._first
                if firsts and not abs((first - end + 1000) % PCR_WRAP_S - 1000) < MOST_JOINT_S:
                    return self._first
                firsts.append(first if not firsts else firsts[0] + (first - firsts[0]) % PCR_WRAP_S)
                end = last
            self._first = firsts
        return self._first

    def _clock(self, number: int, byte: int, *, last: bool = False) -> float | None:
        with self._files[number].open("rb") as source:
            source.seek(byte)
            block = source.read(LOOK_AT)
        found = (packet.pcr_s for packet in packets(block, ()))
        clocks = [clock for clock in found if clock is not None] if last else [next(found, None)]
        return clocks[-1] if clocks else None
