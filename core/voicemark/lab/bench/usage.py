"""What something costs: CPU seconds of this process and its children, peak memory, seconds by the clock."""

import os
import resource
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from voicemark.errors import ToolError


@dataclass(frozen=True)
class Usage:
    """CPU is user and system time of all processes together; it does not grow because others use the machine."""

    cpu_s: float
    seconds: float
    peak_mb: float
    """Largest resident set of one process (of a child: since its start; of this one: since its own)."""


def of_call(work: Callable[[], object]) -> Usage:
    """The cost of a function call, with the children that it waits for."""
    before, began = _cpu_s(), time.monotonic()
    work()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Usage(_cpu_s() - before, time.monotonic() - began, peak)


def of_command(command: Sequence[str | Path]) -> Usage:
    """The cost of a program. Raises ToolError when it fails."""
    began = time.monotonic()
    process = subprocess.Popen(
        [str(part) for part in command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    complaints = process.stderr.read()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stderr.close()
    if process.returncode:
        raise ToolError(f"{Path(command[0]).name} failed: {complaints.strip()[-300:]}")
    return Usage(used.ru_utime + used.ru_stime, time.monotonic() - began, used.ru_maxrss / 1024)


def _cpu_s() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)
