"""Whether what names a file also fits it: names are used again, and what was written of an earlier file may stay.

A file cannot have been written to last before the recording that it is said to be began; and what is in it is about as
long as that recording was written.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from voicemark.bounds import moment
from voicemark.foreign import OWN_FOLDER, ForeignError, Reach, opened
from voicemark.mpegts import PCR_WRAP_S, packets
from voicemark.patience import within_patience

CLOCKS_DIFFER = timedelta(hours=1)
"""Disks that keep local time, and clocks of file servers, are off by so much."""
LENGTHS_DIFFER_S, LENGTHS_DIFFER = 60.0, 0.1
"""Seconds, or the part of the length: reception is not there at once, and is lost."""
OTHER_LENGTH = 0.5
"""What differs by this part of the length, and was written at another time, is another recording."""
ENDS = 1 << 18
"""Bytes at each end of a file in which its clock is looked for: it comes ten times a second (ISO/IEC 13818-1)."""


@dataclass(frozen=True)
class Facts:
    """What a file tells of itself without being decoded."""

    written_at: datetime | None
    length_s: float | None
    """By the clock in the stream; None where it has none."""

    def began_by(self, start: datetime | None) -> bool:
        """Whether a recording that began at `start` may be in it."""
        return start is None or self.written_at is None or self.written_at + CLOCKS_DIFFER >= start

    def lasts(self, length_s: float | None) -> bool | None:
        """Whether it is about as long as `length_s`; None where that cannot be told."""
        if self.length_s is None or length_s is None:
            return None
        return abs(self.length_s - length_s) <= max(LENGTHS_DIFFER_S, LENGTHS_DIFFER * length_s)

    def is_another(self, stop: datetime | None, length_s: float | None) -> bool:
        """Whether it can only be another recording than one that ended at `stop` and lasted so long. A copy has another
        time, and lost signal another length; not both, and so far."""
        if stop is None or self.written_at is None or self.length_s is None or length_s is None:
            return False
        later = self.written_at > stop + CLOCKS_DIFFER
        return later and abs(self.length_s - length_s) > max(LENGTHS_DIFFER_S, OTHER_LENGTH * length_s)


def written_at(path: Path) -> datetime | None:
    """When a file was last written to; None where that cannot be told."""
    try:
        return moment(within_patience(path, path.stat).st_mtime)
    except OSError:
        return None


def facts_of(path: Path, reach: Reach = OWN_FOLDER) -> Facts:
    """What the file at `path` tells; two short reads. Never raises for what is in it."""
    try:
        return Facts(written_at(path), within_patience(path, partial(_length_s, path, reach)))
    except (ForeignError, OSError):
        return Facts(written_at(path), None)


def _length_s(path: Path, reach: Reach) -> float | None:
    """From the first PCR to the last of the same PID."""
    with opened(path, reach) as file:
        head = file.read(ENDS)
        size = file.seek(0, 2)
        file.seek(max(0, size - ENDS))
        tail = file.read(ENDS)
    first = next(((packet.pid, clock) for packet in packets(head, ()) if (clock := packet.pcr_s) is not None), None)
    if first is None:
        return None
    last = first[1]
    for packet in packets(tail, ()):
        clock = packet.pcr_s
        if clock is not None and packet.pid == first[0]:
            last = clock
    return (last - first[1]) % PCR_WRAP_S
