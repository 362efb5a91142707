"""Programs that we start are bounded and never outlive us: a limit of memory and of CPU time, a group of their own.

A recording is data from the air, and a decoder that is led astray by it would take what it gets. The limits are set
from outside right after the start (`prlimit`), which needs no code between fork and exec. A child is told nothing of
the service that it belongs to, so that it cannot speak to systemd in its name, and speaks English, so that what it
says can be looked up.
"""

import atexit
import errno
import os
import resource
import signal
import subprocess
import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

MEMORY = 1536 << 20
"""Bytes of address space; ffmpeg takes 300 MB of it for itself and its libraries."""
_OWN_VARIABLES = ("NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC", "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES")

_running: set["subprocess.Popen[bytes]"] = set()
_no_more = threading.Event()


def start(command: Sequence[str], *, cpu_s: float, **pipes: Any) -> "subprocess.Popen[bytes]":
    """Start `command` in a process group of its own, within `MEMORY` and `cpu_s` seconds of CPU; `pipes` as
    `Popen` takes them. Raises `OSError`, also after `end_for_good`."""
    _refuse_at_the_end()
    process = subprocess.Popen(command, process_group=0, env=environment(), **pipes)
    _running.add(process)
    limits = {resource.RLIMIT_AS: MEMORY, resource.RLIMIT_CPU: max(1, round(cpu_s)), resource.RLIMIT_CORE: 0}
    for limit, most in limits.items():
        with suppress(OSError, ValueError):  # It has ended already, or a lower limit is in force.
            _, highest = resource.prlimit(process.pid, limit)
            most = most if highest == resource.RLIM_INFINITY else min(most, highest)
            resource.prlimit(process.pid, limit, (most, most))
    if _no_more.is_set():  # Meanwhile: whoever said so may not have seen this one.
        end(process)
        _refuse_at_the_end()
    return process


def environment() -> dict[str, str]:
    """That of a child: ours, but for what systemd has told us alone, in English."""
    kept = {name: value for name, value in os.environ.items() if name not in (*_OWN_VARIABLES, "LANGUAGE")}
    return {**kept, "LC_ALL": "C.UTF-8"}


def run(
    command: Sequence[str], *, timeout_s: float, cpu_s: float, data: bytes | None = None
) -> "subprocess.CompletedProcess[bytes]":
    """`command` to its end, with `data` as its input. Raises `OSError`, and `TimeoutExpired` once it has been ended."""
    process = start(
        command,
        cpu_s=cpu_s,
        stdin=subprocess.DEVNULL if data is None else subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        with process:
            try:
                out, said = process.communicate(data, timeout_s)
            except BaseException:
                end(process)
                raise
    finally:
        _running.discard(process)
    return subprocess.CompletedProcess(command, process.returncode, out, said)


def end(process: "subprocess.Popen[bytes]") -> None:
    """End `process` and whatever it has started, now; returns once it is gone."""
    if process.poll() is None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    _running.discard(process)


@atexit.register
def end_all() -> None:
    """End every program that was started here and still runs."""
    for process in list(_running):
        end(process)


def end_for_good() -> None:
    """End every program that still runs, and start none any more: this program ends. From any thread."""
    _no_more.set()
    end_all()


def _refuse_at_the_end() -> None:
    if _no_more.is_set():
        raise OSError(errno.ECANCELED, "no program is started any more, as this one ends")
