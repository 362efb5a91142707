"""What the headers of MPEG audio frames say that ffprobe does not tell: dual channel, two programmes in one stream.

ISO/IEC 11172-3, 2.4.1.3: twelve bits of sync, mode 2 in the upper bits of the fourth byte.
"""

from pathlib import Path

import numpy as np

from voicemark.audio.packets import begins, has_payload, is_scrambled, runs
from voicemark.mpegts import PACKET

LOOK_AT_PACKETS = 400
DUAL = 2


def is_dual(file: Path, byte: int, pid: int) -> bool:
    """Whether most frames of MPEG audio on `pid`, from `byte` of `file` on, are in dual channel mode."""
    modes = [head[3] >> 6 for head in _heads(file, byte, pid)]
    return bool(modes) and 2 * modes.count(DUAL) > len(modes)


def _heads(file: Path, byte: int, pid: int) -> list[bytes]:
    """The first frame's header of each PES packet near `byte`."""
    heads: list[bytes] = []
    seen = 0
    for run in runs([file], (0, byte)):
        mine = (run.pids == pid) & run.good & has_payload(run.rows) & ~is_scrambled(run.rows)
        seen += int(mine.sum())
        for row in run.rows[np.flatnonzero(mine & begins(run.rows))]:
            packet = row.tobytes()
            start = 4 + (1 + packet[4] if packet[3] & 0x20 else 0)
            at = start + 9 + (packet[start + 8] if start + 8 < PACKET else PACKET)
            found = next((k for k in range(at, PACKET - 3) if _is_head(packet[k : k + 4])), None)
            if found is not None:
                heads.append(packet[found : found + 4])
        if seen > LOOK_AT_PACKETS or run.offset - byte > 32 << 20:
            break
    return heads


def _is_head(four: bytes) -> bool:
    """Sync, a layer, a bit rate and a sampling rate that exist."""
    return (
        four[0] == 0xFF
        and four[1] & 0xE0 == 0xE0
        and four[1] & 0x06 != 0
        and four[2] >> 4 not in (0, 15)
        and four[2] >> 2 & 3 != 3
    )
