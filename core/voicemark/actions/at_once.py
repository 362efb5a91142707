"""How many recordings are heard at once, and by whom: in this process's threads, or by processes of their own.

On the CPU each has a process, since what Python does of the work would hold up the others in one. One recording alone
is heard in this process, which spares the memory of another; and so are all of them where one device computes for all.
`auto` is what the machine carries beside its other work: a core stays for the recorder, half of the memory for
everybody else, and a disk that turns is read at one place at a time.
"""

import os
import threading
from contextlib import suppress
from pathlib import Path

import psutil
import torch

from voicemark.actions.hear import Heard, hear
from voicemark.actions.hearing_process import HearingProcesses
from voicemark.actions.in_hand import Hear
from voicemark.config import Config
from voicemark.pipeline import Progress
from voicemark.recording import Recording
from voicemark.voice.recognise import Recogniser

OWN_MB = 500
"""What the program itself takes, without recordings in hand."""
PROCESS_MB = 450
"""A process that hears, its ffmpeg included, at its most."""
THREAD_MB = 150
"""A recording that is heard in this process, its ffmpeg included."""
MOST = 64
CGROUPS = Path("/sys/fs/cgroup")


class Hearers:
    """Those who hear the recordings of a configuration, with an encoder on `device`. `count` is how many at once."""

    def __init__(
        self, config: Config, device: torch.device, count: int | None = None, *, one_here: bool = False
    ) -> None:
        """`count` instead of what the configuration says. With `one_here` one of several is heard in this process,
        which spares another; whatever brings that one down brings down this process then."""
        self._for = _what_decides(config, device)
        setting = count or config.service.recordings_at_once
        own_process = device.type == "cpu"
        self.count = how_many(config, own_process=own_process) if setting == "auto" else setting
        self._processes = HearingProcesses() if own_process and self.count > 1 else None
        self._here = threading.Lock()
        self.hear: Hear = hear if self._processes is None else self._here_or_there if one_here else self._processes
        """How they hear."""

    def _here_or_there(self, recording: Recording, recogniser: Recogniser, config: Config, told: Progress, /) -> Heard:
        assert self._processes is not None
        if not self._here.acquire(blocking=False):
            return self._processes(recording, recogniser, config, told)
        try:
            return hear(recording, recogniser, config, told)
        finally:
            self._here.release()

    def are_for(self, config: Config, device: torch.device) -> bool:
        """Whether they would be the same for these."""
        return self._for == _what_decides(config, device)

    def end_idle(self) -> None:
        """Give back the memory of those that have nothing to do."""
        if self._processes is not None:
            self._processes.end_idle()

    def end(self) -> None:
        """End them now, whatever they do."""
        if self._processes is not None:
            self._processes.end()


def how_many(config: Config, *, own_process: bool) -> int:
    """What `auto` means on this machine."""
    cores = len(os.sched_getaffinity(0)) - 1
    room_mb = memory_for_us() / 1e6 - OWN_MB
    most = min(cores, int(room_mb // (PROCESS_MB if own_process else THREAD_MB)), MOST)
    if any(turns(section.path) for section in config.watch):
        most = 1
    return max(1, most)


def memory_for_us() -> float:
    """Bytes of memory that this program may take: half of the machine's, and what its control group allows."""
    most = psutil.virtual_memory().total / 2
    with suppress(OSError, ValueError, StopIteration):
        entry = next(line for line in Path("/proc/self/cgroup").read_text().splitlines() if line.startswith("0::"))
        group = CGROUPS / entry.removeprefix("0::").lstrip("/")
        for folder in (group, *group.parents):
            if not folder.is_relative_to(CGROUPS):
                break
            with suppress(OSError, ValueError):
                most = min(most, int((folder / "memory.max").read_text()))
    return most


def turns(path: Path) -> bool:
    """Whether the disk below `path` is one that turns, as far as the kernel says."""
    with suppress(OSError):
        device = path.stat().st_dev
        block = Path(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}").resolve(strict=True)
        return any(_says_one(folder / "queue/rotational") for folder in (block, block.parent))
    return False


def _says_one(file: Path) -> bool:
    with suppress(OSError):
        return file.read_text().strip() == "1"
    return False


def _what_decides(config: Config, device: torch.device) -> tuple[object, ...]:
    return config.service.recordings_at_once, device.type, tuple(section.path for section in config.watch)
