"""The whole packets of transport stream files, read once from start to end as numpy sees them, and what stands in them.

Reading is in large blocks; nothing is copied. Files of one recording follow each other as one stream, so that a packet
may begin in one and end in the next. What is behind the last byte that is not zero was reserved by the recorder and
never written: it is an end.
"""

import os
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from voicemark.mpegts import FEW, MANY, PACKET, PROBE, STRIDES, SYNC, alignment

BLOCK = 1 << 21
JOINT = 1 << 18  # bytes around a split in which a repetition is looked for
MOST_TRIES = 2000
AT_ONCE = 1 << 16  # bytes in which an alignment is looked for
KEPT = 4096  # bytes of a block that may have to be looked at again with the next
CARRY = 6 * max(STRIDES)  # bytes kept where there is none: enough for one that begins there
ZEROS = 1 << 16
"""A shorter run of zeros at a file's end may be anything."""
NO_STAMP = -1
TICKS = 90_000
WRAP_TICKS = 1 << 33

NONE = np.zeros(0, np.intp)

Rows = NDArray[np.uint8]  # (n, 188)


@dataclass(frozen=True)
class Run:
    """Packets that lie one behind the other: packet i is at `offset + i * stride` of file number `file`."""

    file: int
    offset: int
    stride: int
    rows: Rows
    good: NDArray[np.bool_]
    """(n,) Whether it begins as a packet should, and is whole."""
    pids: NDArray[np.uint16]
    aligned_anew: bool = False
    """Whether packets stand in another rhythm here than before: bytes are missing, or came twice."""
    again: int = 0
    """Bytes that the file begins with and the one before ended with; they are left out."""

    def place(self, index: int) -> tuple[int, int]:
        """File number and byte of a packet."""
        return self.file, max(0, self.offset + index * self.stride)

    def part(self, start: int, end: int) -> "Run":
        """Its packets from `start` up to `end`."""
        if (start, end) == (0, len(self.rows)):
            return self
        return Run(
            self.file, self.offset + start * self.stride, self.stride, self.rows[start:end], self.good[start:end],
            self.pids[start:end],            self.aligned_anew and not start, 0 if start else self.again,
        )  # fmt: skip

    def behind(self, index: int) -> "Run":
        """The same without its first `index` packets."""
        return self.part(index, len(self.rows))


def data_end(file: Path) -> int:
    """Where the data of `file` end: its size without the zeros behind. Raises `OSError`."""
    with file.open("rb") as source:
        size = end = source.seek(0, os.SEEK_END)
        while end > 0:
            start = max(0, end - (ZEROS if end == size else BLOCK))
            source.seek(start)
            block = source.read(end - start).rstrip(b"\0")
            if block:
                end = start + len(block)
                break
            end = start
    return end if size - end >= ZEROS else size


def is_transport(file: Path) -> bool:
    """Whether `file` begins with packets of a transport stream. Raises `OSError`."""
    with file.open("rb") as source:
        return _aligned(memoryview(source.read(BLOCK)), 0) is not None


def read_through(file: Path) -> None:
    """Read all of `file`, for the `OSError` that this may meet."""
    with file.open("rb", buffering=0) as source:
        while source.read(BLOCK):
            pass


def runs(files: Sequence[Path], start: tuple[int, int] = (0, 0)) -> Iterator[Run]:
    """All packets of `files` from `start` (file number, byte) on; each run is to be done with before the next is
    asked for. Raises `OSError`."""
    held = bytearray(KEPT + BLOCK)  # one buffer for all: fresh memory for every block would cost as much as reading
    carried, rhythm = 0, _Rhythm()
    for number in range(start[0], len(files)):
        end = data_end(files[number])
        again = 0 if number == start[0] else _repeated(files[number - 1], files[number])
        at = min(end, start[1]) if number == start[0] else again
        with files[number].open("rb", buffering=0) as source:
            source.seek(at)
            while at < end:
                room = memoryview(held)[carried : carried + min(BLOCK, end - at)]
                read = source.readinto(room) or 0
                if not read:
                    break
                block, base = memoryview(held)[: carried + read], at - carried
                at += read
                used = yield from _split(block, base, number, again, rhythm)
                again = again if used == 0 else 0
                rest = bytes(block[max(used, len(block) - KEPT) :])
                carried = len(rest)
                held[:carried] = rest


@dataclass
class _Rhythm:
    """How packets lay in the last block: they mostly go on so."""

    stride: int = 0
    count: int = FEW
    """So many were whole together."""


def _repeated(earlier: Path, later: Path) -> int:
    """How many bytes `later` begins with that `earlier` has ended with: receivers write some KiB twice at a split."""
    with earlier.open("rb") as source:
        end = data_end(earlier)
        source.seek(max(0, end - JOINT))
        tail = source.read(min(end, JOINT))
    with later.open("rb") as source:
        head = source.read(JOINT)
    at = -1
    for _ in range(MOST_TRIES if len(head) >= PACKET else 0):
        at = tail.find(head[:PACKET], at + 1)
        if at < 0 or head.startswith(tail[at:]):
            return len(tail) - at if at >= 0 else 0
    return 0


def _split(block: memoryview, base: int, number: int, again: int, rhythm: _Rhythm) -> Generator[Run, None, int]:
    """The runs in a block; returns how many of its bytes need not be looked at again."""
    at, anew = 0, False
    while (found := _going_on(block, at, rhythm.stride) or _aligned(block, at)) is not None:
        rhythm.stride, at = stride, at = found
        while True:
            rows, heads = _rows(block, at, stride, rhythm.count)
            good = heads & 0xFF == SYNC
            lost = NONE if good.all() else np.flatnonzero(~good[:-1] & ~good[1:])
            whole = int(lost[0]) if len(lost) else len(rows) - int(len(rows) > 0 and not good[-1])
            if not whole and not len(lost):
                return at
            behind = at + max(whole, 1) * stride
            if len(lost) and whole:
                further = _aligned(block, behind - stride + 1)
                if further is not None and (further[1] - at) % stride:
                    good[whole - 1] = False  # Its end is missing: what follows it begins in its middle.
                    behind = further[1]
            if whole:
                yield Run(number, base + at, stride, rows[:whole], good[:whole], _pids(heads[:whole]), anew, again)
                again = 0
            anew, at = bool(len(lost)), behind
            if len(lost):
                rhythm.count = FEW
                break
            rhythm.count = min(2 * rhythm.count, MANY)
    return max(at, len(block) - CARRY)


def _going_on(block: memoryview, at: int, stride: int) -> tuple[int, int] | None:
    """The stride and `at`, if packets go on there as they did."""
    if not stride or at + PROBE * stride > len(block):
        return None
    return (stride, at) if all(block[at + k * stride] == SYNC for k in range(PROBE)) else None


def _aligned(block: memoryview, start: int) -> tuple[int, int] | None:
    while start + PACKET <= len(block):
        found = alignment(bytes(block[start : start + AT_ONCE]))
        if found is not None:
            return found[0], start + found[1]
        start += max(1, AT_ONCE - CARRY)
    return None


def _rows(block: memoryview, at: int, stride: int, count: int) -> tuple[Rows, NDArray[np.uint32]]:
    """Up to `count` whole packets from `at` on (n, 188), where they lie, and the first four bytes of each (n,), copied
    so that they lie together."""
    count = max(0, min(count, (len(block) - at - PACKET) // stride + 1))
    rows: Rows = np.ndarray((count, PACKET), np.uint8, block, at if count else 0, (stride, 1))
    heads = np.ndarray((count,), "<u4", block, at if count else 0, (stride,)).copy()
    return rows, heads


def _pids(heads: NDArray[np.uint32]) -> NDArray[np.uint16]:
    """(n,) PID of each packet, from its first four bytes."""
    return (heads & 0x1F00 | heads >> 16 & 0xFF).astype(np.uint16)


def has_payload(rows: Rows) -> NDArray[np.bool_]:
    """(n,) Whether a packet carries any of its stream; one that does not leaves the counter as it is."""
    payload: NDArray[np.bool_] = rows[:, 3] & 0x10 != 0
    return payload


def is_scrambled(rows: Rows) -> NDArray[np.bool_]:
    """(n,) transport_scrambling_control is set."""
    scrambled: NDArray[np.bool_] = rows[:, 3] & 0xC0 != 0
    return scrambled


def begins(rows: Rows) -> NDArray[np.bool_]:
    """(n,) Whether a PES packet begins in it."""
    unit: NDArray[np.bool_] = rows[:, 1] & 0x40 != 0
    return unit


def stamps_of(rows: Rows) -> NDArray[np.int64]:
    """(n,) PTS of the PES packet that begins in each, in ticks; `NO_STAMP` where none does, or it has none."""
    stamps = np.full(len(rows), NO_STAMP, np.int64)
    which = np.flatnonzero(begins(rows) & has_payload(rows) & ~is_scrambled(rows))
    if not len(which):
        return stamps
    heads = rows[which]
    start = 4 + np.where(heads[:, 3] & 0x20 != 0, 1 + heads[:, 4].astype(np.int64), 0)
    inside = start + 14 <= PACKET
    which, heads, start = which[inside], heads[inside], start[inside]
    pes = np.take_along_axis(heads, start[:, None] + np.arange(14), 1).astype(np.int64)  # (m, 14)
    told = (pes[:, 0] == 0) & (pes[:, 1] == 0) & (pes[:, 2] == 1) & (pes[:, 7] & 0x80 != 0)
    value = (pes[:, 9] >> 1 & 7) << 30 | pes[:, 10] << 22 | pes[:, 11] >> 1 << 15 | pes[:, 12] << 7 | pes[:, 13] >> 1
    stamps[which[told]] = value[told]
    return stamps


def elapsed(earlier: int, later: int) -> int:
    """Ticks from one PTS to another, over a wrap of the clock too; negative when it is the other way round."""
    return (later - earlier + WRAP_TICKS // 2) % WRAP_TICKS - WRAP_TICKS // 2


def steps_of(stamps: NDArray[np.int64]) -> NDArray[np.int64]:
    """(n - 1,) Ticks from each PTS to the next."""
    steps: NDArray[np.int64] = (np.diff(stamps) + WRAP_TICKS // 2) % WRAP_TICKS - WRAP_TICKS // 2
    return steps
