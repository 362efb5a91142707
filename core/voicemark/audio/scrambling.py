"""Is a recording scrambled? Pay TV that was recorded without a card looks like noise to every decoder.

Each transport stream packet says so itself: transport_scrambling_control, ISO/IEC 13818-1, table 2-4.
"""

from pathlib import Path

import numpy as np

from voicemark.mpegts import PACKET, alignment

LOOK_AT = 4 * 1024**2
MOST = 0.5
"""Share of the payload packets; tables and some data stay clear in a scrambled stream."""


def is_scrambled(file: Path) -> bool:
    """Whether most packets at the start of `file` are scrambled; False when it is no transport stream."""
    try:
        with file.open("rb") as source:
            block = source.read(LOOK_AT)
    except OSError:
        return False
    found = alignment(block)
    if found is None:
        return False
    stride, at = found
    count = (len(block) - at - PACKET) // stride + 1
    heads = np.frombuffer(block, np.uint8)[at + stride * np.arange(count)[:, None] + np.arange(4)]  # (count, 4)
    pid = ((heads[:, 1].astype(int) & 0x1F) << 8) | heads[:, 2]
    streams = (heads[:, 0] == 0x47) & (pid >= 0x20) & (pid != 0x1FFF)
    scrambled = streams & (heads[:, 3] & 0x80 != 0)
    return bool(scrambled.sum() > MOST * max(1, streams.sum()))
