"""`.cuts`: Enigma2's marks, merged with the box's own, sorted.

12-byte big-endian records: PTS (u64, 90 kHz, zero at the recording's start) and type (u32): 0 in, 1 out, 2 mark,
3 last position (enigma2 servicedvb.cpp, loadCuesheet, which stops reading at a type above 3). Ours are marks, type 2,
at each start of a voice; the box jumps to them. The box writes the file anew whenever a position changes, so ours
are known by the record of what was added.
"""

import struct
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from voicemark.errors import ExportError
from voicemark.export.base import MarkedRecording

CLOCK = 90_000
MARK = 2
LAST_TYPE = 3
RECORD = struct.Struct(">QI")


def pts_of(seconds: float) -> int:
    """A moment as the box counts it."""
    return round(max(0.0, seconds) * CLOCK)


def read_cuts(data: bytes) -> list[tuple[int, int]]:
    """(PTS, type) of every record. Raises `ExportError` for what the box itself would not read to its end."""
    if len(data) % RECORD.size:
        raise ExportError("is not a whole number of cut records", hint="was it cut off? Move it away")
    records = list(RECORD.iter_unpack(data))
    if any(kind > LAST_TYPE for _, kind in records):
        raise ExportError("holds records that the box does not read", hint="is it a .cuts file? Move it away")
    return records


class Cuts:
    """Enigma2's cue sheet."""

    name = "cuts"
    suffix = ".cuts"
    for_player = True
    per_file = True

    def entries(self, recording: MarkedRecording) -> list[str]:
        """The PTS of our marks, each once."""
        return [str(pts) for pts in sorted({pts_of(marker.start_s) for marker in recording.markers})]

    def merge(self, present: bytes, earlier: Collection[str], entries: Sequence[str]) -> tuple[bytes, list[str]]:
        """The box's records with ours among them, by time."""
        others = [(pts, kind) for pts, kind in read_cuts(present) if not (kind == MARK and str(pts) in earlier)]
        there = {pts for pts, kind in others if kind == MARK}
        added = [entry for entry in entries if int(entry) not in there]
        records = sorted([*others, *((int(entry), MARK) for entry in added)])
        return b"".join(RECORD.pack(pts, kind) for pts, kind in records), added

    def render(self, recording: MarkedRecording) -> bytes:
        """Our marks alone."""
        return self.merge(b"", (), self.entries(recording))[0]

    def targets(self, recording: MarkedRecording) -> Iterator[tuple[Path, MarkedRecording]]:
        """`X.ts.cuts` beside each `X.ts`."""
        for file in recording.files:
            yield file.path.with_name(file.path.name + self.suffix), recording.file_part(file)
