"""The packets of the stream that is heard, taken out of all others, each once; what is wrong with them is counted.

Time stamps tell what was sent (ISO/IEC 13818-1, 2.4.3.7), counters what was lost on the way.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from voicemark.audio.account import Interruption, Ledger
from voicemark.audio.packets import NO_STAMP, TICKS, Rows, Run, elapsed, has_payload, is_scrambled, stamps_of, steps_of
from voicemark.audio.repeats import Repeats

STEADY_TICKS = TICKS // 2
"""PES packets of sound follow each other more closely; a longer pause is an interruption."""


class Sieve:
    """Give it all packets in order, by runs; what it finds goes into the ledger."""

    def __init__(self, ledger: Ledger, start: tuple[int, int]) -> None:
        self.stamp: int | None = None
        """The last PTS that was passed on, in ticks."""
        self.last = start
        """File number and byte of the last packet that was."""
        self.new_file = False
        """Set it where a file begins."""
        self._ledger = ledger
        self._repeats: dict[int, Repeats] = {}
        self._counters: dict[int, int] = {}
        self._jumped = False

    def begin(self) -> None:
        """Another stream, or the same after a while: its counters say nothing of what was before."""
        self._counters.clear()
        self._jumped = False

    def take(self, piece: Run, pid: int) -> bytes:
        """The packets of `pid` in `piece` that have a payload to decode, each once."""
        if piece.again:
            self._ledger.joints.append((piece.again, self.stamp))
        mine = np.flatnonzero(piece.pids == pid)
        mine = mine[piece.good[mine]]
        rows = piece.rows[mine]  # a copy, (n, 188)
        if len(mine):
            self.last = piece.place(int(mine[-1]))
        locked = is_scrambled(rows)
        self._ledger.scrambled += int(locked.sum())
        clear = ~locked & has_payload(rows)
        stamps = stamps_of(rows[clear])
        told = stamps[stamps != NO_STAMP]
        backwards = bool(len(told)) and (
            (self.stamp is not None and elapsed(self.stamp, int(told[0])) <= 0) or bool((steps_of(told) <= 0).any())
        )
        repeats = self._repeats.setdefault(pid, Repeats())
        fresh = repeats.fresh(rows[clear], suspicious=backwards or piece.aligned_anew or self.new_file)
        if not fresh.all():
            self._ledger.repeat(int((~fresh).sum()), self.stamp)
        taken = np.flatnonzero(clear)[fresh]
        self._enter(pid, rows[taken], stamps[fresh], mine[taken], Passing(len(piece.rows), mine, mine[locked]))
        return rows[taken].tobytes()

    def _enter(self, pid: int, rows: Rows, stamps: NDArray[np.int64], at: NDArray[np.intp], passing: "Passing") -> None:
        """Count what came, `rows` (n, 188) with their `stamps` (n,), `at` (n,) of a piece, and note where something is
        missing."""
        ledger = self._ledger
        if self.new_file:  # Another file's counters begin where they like.
            self._counters.pop(pid, None)
        lost = np.cumsum(ledger.count(rows, self._counters.get(pid))) if len(rows) else np.zeros(1, int)
        since, behind = -int(self._jumped), 0
        for index in np.flatnonzero(stamps != NO_STAMP):
            stamp, missing, here = int(stamps[index]), lost[index] > since, int(at[index])
            past = None if self.stamp is None else elapsed(self.stamp, stamp)
            if past is not None and 0 < past <= 2 * STEADY_TICKS and not missing:
                ledger.signal += past
            if past is None or not 0 <= past <= STEADY_TICKS or self.new_file:
                others, locked = passing.between(behind, here)
                ledger.interruptions.append(
                    Interruption(self.stamp, stamp, ledger.locked + locked, ledger.others + others, self.new_file)
                )
                self.new_file = False
            ledger.locked = ledger.others = 0
            since, behind, self.stamp = int(lost[index]), here, stamp
        others, locked = passing.between(behind, passing.packets)
        ledger.others += others
        ledger.locked += locked
        if len(rows):
            self._counters[pid] = int(rows[-1, 3] & 0x0F)
            self._jumped = bool(lost[-1] > since)


@dataclass(frozen=True)
class Passing:
    """What goes by in a piece of a stream besides what is sent on."""

    packets: int
    mine: NDArray[np.intp]
    """Indices of the present stream's packets."""
    locked: NDArray[np.intp]
    """Of those that are scrambled."""

    def between(self, start: int, end: int) -> tuple[int, int]:
        """How many packets of other streams, and scrambled ones of the present stream, are in [start, end)."""
        mine, locked = (int(np.diff(np.searchsorted(of, (start, end)))[0]) for of in (self.mine, self.locked))
        return end - start - mine, locked
