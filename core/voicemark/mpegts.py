"""Transport stream packets of some PIDs, quickly: the filter is numpy's, only packets that pass reach Python.

188 bytes, 192 (Blu-ray, Enigma2 boxes: four bytes of time before each) and 204 (16 of Reed-Solomon behind); found out
by looking. Where the sync byte is lost, the alignment is found anew behind the damage. ISO/IEC 13818-1, 2.4.3.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

PACKET = 188
SYNC = 0x47
PCR_HZ = 90_000
PCR_WRAP_S = (1 << 33) / PCR_HZ
STRIDES = (188, 192, 204)
PROBE = 5  # sync bytes in a row that make an alignment
FIRST_SEARCH, SEARCH = 1 << 10, 1 << 14  # bytes looked through at once for one: little at first, then more
FEW, MANY = 64, 1 << 14  # packets looked at together: few behind damage, so that damage everywhere stays cheap


@dataclass(frozen=True)
class Packet:
    """One packet: where it lies in the block, and its 188 bytes."""

    at: int
    data: bytes

    @property
    def pcr_s(self) -> float | None:
        """The program clock reference in seconds, where the packet carries one (2.4.3.5)."""
        if not self.data[3] & 0x20 or self.data[4] < 7 or not self.data[5] & 0x10:
            return None
        return (int.from_bytes(self.data[6:11], "big") >> 7) / PCR_HZ

    @property
    def pid(self) -> int:
        """Which stream it belongs to."""
        return (self.data[1] & 0x1F) << 8 | self.data[2]


def alignment(block: bytes, start: int = 0) -> tuple[int, int] | None:
    """Stride and place of the first packet at or behind `start`; None where there are no `PROBE` packets in a row.

    At the block's end fewer in a row will do, down to a last one that ends with it.
    """
    raw = np.frombuffer(block, np.uint8)
    span = FIRST_SEARCH
    while start + PACKET <= len(raw):
        # Only what is looked at is compared: a stream that is damaged everywhere asks for this at every packet.
        sync = raw[start : start + span + PROBE * max(STRIDES) + PACKET] == SYNC
        whole = len(raw) - start
        found = [(place, stride) for stride in STRIDES if (place := _first(sync, whole, stride, span)) is not None]
        if found:
            place, stride = min(found)
            return stride, start + place
        start += span
        span = min(2 * span, SEARCH)
    return None


def _first(sync: NDArray[np.bool_], whole: int, stride: int, span: int) -> int | None:
    """The first of the `span` places in `sync` with a row of sync bytes at that stride; `whole` bytes are left in the
    block, of which `sync` has the first."""
    row = min(PROBE, (whole - PACKET) // stride + 1)
    span = min(span, whole - PACKET - (row - 1) * stride + 1)
    run = sync[:span].copy()
    for index in range(1, row):
        run &= sync[index * stride : index * stride + span]
    first = int(run.argmax())
    return first if run[first] else None


def packets(block: bytes, pids: Collection[int]) -> Iterator[Packet]:
    """The packets with these PIDs, and of all PIDs those with a clock (PCR), in order.

    Packets with the error flag are left out. Whole packets only: the caller carries a block's rest over.
    """
    wanted = np.zeros(1 << 13, bool)
    wanted[list(pids)] = True
    at = 0
    while (found := alignment(block, at)) is not None:
        stride, at = found
        count = FEW
        while (rows := _rows(block, at, stride, count)).size:
            good = rows[:, 0] == SYNC
            # One broken sync byte is a broken packet; two in a row are another alignment.
            lost = np.flatnonzero(~good[:-1] & ~good[1:])
            whole = int(lost[0]) if len(lost) else len(rows)
            rows, good = rows[:whole], good[:whole]
            number = (rows[:, 1] & 0x1F).astype(np.uint16) << 8 | rows[:, 2]
            clock = (rows[:, 3] & 0x20 != 0) & (rows[:, 4] >= 7) & (rows[:, 5] & 0x10 != 0)
            take = good & (rows[:, 1] & 0x80 == 0) & (wanted[number] | clock)
            for index in np.flatnonzero(take):
                yield Packet(at + int(index) * stride, rows[index].tobytes())
            at += max(whole, 1) * stride
            if len(lost):
                break
            count = min(2 * count, MANY)
        else:
            return


def _rows(block: bytes, at: int, stride: int, count: int) -> NDArray[np.uint8]:
    """Up to `count` whole packets from `at` on, (n, 188), without copying."""
    flat = np.frombuffer(block, np.uint8)[at:]
    count = max(0, min(count, (len(flat) - PACKET) // stride + 1))
    return np.lib.stride_tricks.as_strided(flat, (count, PACKET), (stride, 1), writeable=False)


@dataclass
class SectionAssembler:
    """Puts the sections of one PID together again (ISO/IEC 13818-1, 2.4.4). Lost packets cost the section at hand."""

    _buffer: bytearray = field(default_factory=bytearray)
    _counter: int | None = None
    _open: bool = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The sections that a packet completes."""
        control = data[3] >> 4 & 3
        counter = data[3] & 0x0F
        if data[3] & 0xC0 or not control & 1:  # scrambled, or without payload (whose counter stands still)
            return
        repeated = counter == self._counter
        if self._counter is not None and not repeated and counter != (self._counter + 1) & 0x0F:
            self.reset()
        self._counter = counter
        begin = 5 + data[4] if control == 3 else 4
        if repeated or begin >= PACKET:
            return
        if not data[1] & 0x40:
            if self._open:
                self._buffer += data[begin:]
                yield from self._take()
            return
        pointer = begin + 1 + data[begin]
        if self._open and pointer <= PACKET:
            self._buffer += data[begin + 1 : pointer]
            yield from self._take()
        self.reset()
        if pointer < PACKET:
            self._open = True
            self._buffer += data[pointer:]
            yield from self._take()

    def reset(self) -> None:
        """Drop the section at hand."""
        self._buffer.clear()
        self._open = False

    def _take(self) -> Iterator[bytes]:
        while len(self._buffer) >= 3:
            if self._buffer[0] == 0xFF:  # stuffing up to the packet's end
                self.reset()
                return
            length = 3 + (int.from_bytes(self._buffer[1:3], "big") & 0x0FFF)
            if len(self._buffer) < length:
                return
            yield bytes(self._buffer[:length])
            del self._buffer[:length]
