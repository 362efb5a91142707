"""Who is at work: a name for this process that tells later whether it still lives.

`host/boot/namespace:pid:start`. The process id alone is not enough: numbers are used again. With the moment of
its start (kernel ticks since boot, `proc(5)`, field 22 of `/proc/PID/stat`) it is unique until the next boot, and
the boot's own id says when that was. No clock is involved.
"""

import os
import time
from pathlib import Path
from typing import NamedTuple, Self

UNKNOWN = "-"


class Beat(NamedTuple):
    """A moment of this machine that no one can set: whoever is on the same boot can compare it."""

    boot: str
    seconds: float
    """Since the boot, without the time that the machine slept."""

    @classmethod
    def now(cls) -> Self:
        """This moment."""
        return cls(_boot(), time.clock_gettime(time.CLOCK_MONOTONIC))


def worker_id() -> str:
    """This process."""
    pid = os.getpid()
    return f"{_host()}:{pid}:{_started(pid)}"


def is_dead(worker: str) -> bool:
    """Is that process surely gone? A process of another machine or container may live: its heartbeat tells."""
    try:
        host, pid, started = worker.rsplit(":", 2)
        name, boot, namespace = host.rsplit("/", 2)
        number = int(pid)
    except ValueError:
        return False
    own_name, own_boot, own_namespace = _host().rsplit("/", 2)
    if name != own_name or UNKNOWN in (boot, own_boot, namespace, own_namespace):
        return False
    if boot != own_boot:
        return True
    return namespace == own_namespace and _started(number) not in (started, UNKNOWN)


def _answers(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except (OSError, OverflowError):
        return False
    return True


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()[:8]
    except OSError:
        return UNKNOWN


def _host() -> str:
    boot = _boot()
    try:
        namespace = str(Path("/proc/self/ns/pid").stat().st_ino)
    except OSError:
        namespace = UNKNOWN
    return f"{os.uname().nodename}/{boot}/{namespace}"


def _started(pid: int) -> str:
    """Kernel ticks from boot to the start of `pid`; `gone` when there is none, or only its unburied rest.

    Another user's process may be hidden in /proc (`hidepid`, `ProtectProc=`); a signal of 0 still tells that it is.
    """
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return UNKNOWN if _answers(pid) else "gone"
    fields = text[text.rindex(")") + 2 :].split()  # The name before may hold spaces and parentheses.
    return "gone" if fields[0] in "ZX" else fields[19]
