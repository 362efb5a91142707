"""Eight recordings one at a time and two at a time: what `voicemark scan --jobs` gains on two cores.

On a machine that others use the time by the clock says little. So CPU seconds stand beside it, and how many cores the
work got: where that is less than it could use, somebody else had them, and CPU seconds tell what two idle cores would
do.
A second process that hears starts once, which is among its CPU seconds.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from voicemark.lab.bench.figures import Figure
from voicemark.lab.bench.media import make_recording
from voicemark.lab.bench.usage import Usage, of_command

COUNT = 8
AT_ONCE = (1, 2)
PACKET = bytes([0x47, 0x1F, 0xFF, 0x10])
"""Of a null packet, which players skip: the head, and then what makes one copy another content."""


def measure(folder: Path, minutes: int = 10, count: int = COUNT) -> list[Figure]:
    """Figures for `count` recordings of so many minutes. Raises ToolError."""
    source = make_recording(folder, minutes, picture=False)
    video = folder / "side-by-side"
    video.mkdir(exist_ok=True)
    for old in video.iterdir():
        old.unlink()
    start = _scan(folder, make_recording(folder, 1, picture=False), 1)
    for number in range(count):
        (video / f"{number}.ts").write_bytes(source.read_bytes() + PACKET + number.to_bytes(8, "big") * 23)
    used = [_scan(folder, video, jobs) for jobs in AT_ONCE]
    return figures(f"{count} recordings of {minutes} minutes, less a scan of one minute", start, used)


def figures(table: str, start: Usage, used: Sequence[Usage]) -> list[Figure]:
    """What `used` for one and for two at once says, less `start`, which every scan takes."""
    rows, walls = [], []
    for at_once, usage in zip(AT_ONCE, used, strict=True):
        seconds, cpu_s = usage.seconds - start.seconds, usage.cpu_s - start.cpu_s
        walls.append((seconds, cpu_s))
        rows += [
            Figure(table, f"{at_once} at once, by the clock", seconds, "s"),
            Figure(table, f"{at_once} at once, of all processes", cpu_s, "CPU s"),
            Figure(table, f"{at_once} at once, cores that it got", cpu_s / max(seconds, 1e-9), ""),
        ]
    (one_s, one_cpu_s), (two_s, two_cpu_s) = walls
    rows.append(Figure(table, "by the clock, one / two at once", one_s / two_s, "times", "aim: at least 1.8"))
    rows.append(Figure(table, "CPU seconds, two / one at once", two_cpu_s / one_cpu_s, "times", "aim: at most 1.1"))
    return rows


def _scan(folder: Path, what: Path, jobs: int) -> Usage:
    database, config = folder / "at-once.db", folder / "at-once.toml"
    for file in folder.glob("at-once.db*"):
        file.unlink()
    config.write_text(f'[database]\nurl = "sqlite:///{database}"\n\n[encoder]\ndevice = "cpu"\n')
    return of_command([sys.executable, "-m", "voicemark", "scan", what, "--jobs", str(jobs), "--config", config])
