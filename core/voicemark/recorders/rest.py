"""Does somebody write to files of which no recorder tells? Asked once, by whoever cannot wait for them to settle."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from voicemark.patience import within_patience

FRESH_S = 10.0
"""What was last written to longer ago is not looked at twice: a recorder writes many times a second."""
LOOK_S = 1.0


def grows(files: Sequence[Path], pause: Callable[[float], None] = time.sleep) -> bool:
    """Whether one of the files was written to just now, and is again `LOOK_S` later."""
    before = _stamps(files)
    if all(abs(time.time() - written) > FRESH_S for _, written in before):
        return False
    pause(LOOK_S)
    return _stamps(files) != before


def _stamps(files: Sequence[Path]) -> list[tuple[int, float]]:
    """Bytes and modification time of each; of one that is not there, none."""
    stamps = []
    for file in files:
        try:
            status = within_patience(file, file.stat)
            stamps.append((status.st_size, status.st_mtime))
        except OSError:
            stamps.append((0, 0.0))
    return stamps
