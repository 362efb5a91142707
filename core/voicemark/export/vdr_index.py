"""Where a VDR recording lost signal, found in its `index`: VDR counts frames, a player counts time.

The index has one 8-byte record for each frame (recording.c, tIndexTs; little-endian): offset of the frame in its
file, 40 bits; 5 reserved; errors, missing and independent, a bit each; number of the file, 16 bits. Between two
I-frames as many frames lie as their time stamps say, unless some were lost. So the place of a loss is found by
halving: a few dozen time stamps are read from the recording, however long it is.
"""

import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from voicemark.export.base import Hole
from voicemark.foreign import Reach, opened, read_bytes
from voicemark.patience import within_patience

CLOCK = 90_000
WRAP = 1 << 33
PACKET = 188
FRAME_BYTES = 64 * PACKET
"""The PES header of a frame stands at most so far behind the frame's place in the index."""
MAX_INDEX_BYTES = 128 << 20
"""Four days at 50 frames a second."""
MAX_READS = 8000
"""Time stamps read at most; a recording that needs more has a frame rate that is not what its `info` says."""
TOLERANCE_FRAMES = 3
"""I-frames of open GOPs are shown a few frames later than they are stored."""
MAX_HOLE_S = 7200.0
"""A longer jump is a splice: no time has passed there."""


class VdrIndex:
    """The index in a `.rec` directory. Raises `ValueError` when there is none that can be used."""

    def __init__(self, folder: Path, frame_rate: float) -> None:
        self._reach = Reach.of(_real_folders(folder))
        try:
            data = read_bytes(folder / "index", MAX_INDEX_BYTES + 1, self._reach)
        except OSError as error:
            raise ValueError(f"no index: {error.strerror}") from error
        if len(data) > MAX_INDEX_BYTES:
            raise ValueError("the index is too large")
        records = np.frombuffer(data[: len(data) // 8 * 8], "<u8")
        if not len(records):
            raise ValueError("the index is empty")
        self._folder = folder
        self._rate = frame_rate
        self._records: NDArray[np.uint64] = records
        # Bit 47 is the highest of the sixth byte: looking at that one takes an eighth of the memory.
        self._independent: NDArray[np.int64] = np.flatnonzero(records.view(np.uint8)[5::8] & 0x80)
        self._known: dict[int, int | None] = {}

    @property
    def frames(self) -> int:
        """How many frames VDR counts."""
        return len(self._records)

    def holes(self, origin_s: float) -> tuple[Hole, ...]:
        """Lost signal in a player's time, in order; `origin_s` is the stream's clock at the player's 0.

        What comes before the first frame counts as lost too: a player shows nothing there, VDR has no frame. Raises
        `ValueError` when index and recording do not belong together.
        """
        anchors = self._independent
        if not len(anchors):
            raise ValueError("the index has no independent frame")
        first = int(anchors[0])
        lead_s = _ahead(self._stamp(first) - round(origin_s * CLOCK)) / CLOCK - first / self._rate
        found = [Hole(0.0, lead_s)] if 0 < lead_s < MAX_HOLE_S else []
        lost_s = sum(hole.length_s for hole in found)
        for frame, length_s in self._losses(anchors, 0, len(anchors) - 1):
            found.append(Hole(frame / self._rate + lost_s, length_s))
            lost_s += length_s
        return tuple(found)

    def _losses(self, anchors: NDArray[np.int64], low: int, high: int) -> Iterator[tuple[int, float]]:
        """(frame, seconds) of each loss between two anchors: `frame` is the first I-frame after it."""
        if low >= high:
            return
        a, b = int(anchors[low]), int(anchors[high])
        excess = _ahead(self._stamp(b) - self._stamp(a)) / CLOCK * self._rate - (b - a)
        if abs(excess) <= TOLERANCE_FRAMES:
            return
        if high - low > 1:
            middle = (low + high) // 2
            yield from self._losses(anchors, low, middle)
            yield from self._losses(anchors, middle, high)
        elif 0 < excess / self._rate <= MAX_HOLE_S:
            # Somewhere between two I-frames, to the nearest of which VDR moves its marks anyway.
            yield b, excess / self._rate

    def _stamp(self, frame: int) -> int:
        """The frame's PTS. Raises `ValueError` when there is none where the index says."""
        if frame not in self._known:
            if len(self._known) >= MAX_READS:
                raise ValueError("the frame rate does not fit the time stamps")
            self._known[frame] = self._read_stamp(frame)
        stamp = self._known[frame]
        if stamp is None:
            raise ValueError("the index does not fit the recording")
        return stamp

    def _read_stamp(self, frame: int) -> int | None:
        record = int(self._records[frame])
        file = self._folder / f"{record >> 48:05d}.ts"
        try:
            with opened(file, self._reach) as media:
                media.seek(record & ((1 << 40) - 1))
                data = media.read(FRAME_BYTES)
        except OSError as error:
            raise ValueError(f"{file.name} cannot be read: {error.strerror}") from error
        return first_video_stamp(data)


def _real_folders(folder: Path) -> list[Path]:
    """Where VDR keeps the recording: in its folder, and on the disk to which its first file is linked."""
    try:
        return [folder, within_patience(folder, (folder / "00001.ts").resolve).parent]
    except (OSError, RuntimeError):  # a link onto itself
        return [folder]


def first_video_stamp(data: bytes) -> int | None:
    """The first PTS of a picture in transport packets (ISO/IEC 13818-1, 2.4.3); None when there is none."""
    for at in range(0, len(data) - PACKET + 1, PACKET):
        packet = data[at : at + PACKET]
        if packet[0] != 0x47:
            return None
        if not packet[1] & 0x40 or not packet[3] & 0x10:
            continue
        body = 4 + (1 + packet[4] if packet[3] & 0x20 else 0)
        pes = packet[body : body + 14]
        if len(pes) == 14 and pes[:3] == b"\0\0\1" and 0xE0 <= pes[3] <= 0xEF and pes[7] & 0x80:
            high, middle, low = struct.unpack(">BHH", pes[9:14])
            return int((high >> 1 & 7) << 30 | middle >> 1 << 15 | low >> 1)
    return None


def _ahead(ticks: int) -> int:
    """A difference of two PTS, which wrap at 33 bits, as the shorter way round."""
    return (ticks + WRAP // 2) % WRAP - WRAP // 2
