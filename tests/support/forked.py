"""Programs of this package as processes of their own that need not load torch anew, which takes each two seconds.

They are forked from a server that has loaded it (`multiprocessing`'s). What they do is what they would do otherwise:
they are ended by real signals, have environment, folder and session of their own, and are nobody's threads.
"""

import multiprocessing
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from multiprocessing import reduction
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path
from typing import Any

import psutil

LOADED = ("voicemarkd.main", "voicemarkd.service", "voicemark.actions.scan", "voicemark.cli.main")
"""What the server has loaded; only what is installed can be found by it."""

_server: ForkServerContext | None = None


class Forked(psutil.Process):
    """A process that runs `program`, Python with `arguments` in `sys.argv`; it says all to the descriptors `stdout`
    and `stderr`. As `psutil.Popen` it can be waited for."""

    def __init__(
        self, program: str, arguments: Sequence[str], environment: Mapping[str, str], *, stdout: int, stderr: int
    ) -> None:
        umask = os.umask(0)
        os.umask(umask)
        place = (str(Path.cwd()), umask)
        said = (_Descriptor(stdout), _Descriptor(stderr))
        self._forked: ForkServerProcess = _context().Process(
            target=_run, args=(program, tuple(arguments), dict(environment), place, said), daemon=True
        )
        self._forked.start()
        super().__init__(self._forked.pid)

    def poll(self) -> int | None:
        """Its exit code, negative for a signal; None while it runs."""
        return self._forked.exitcode

    def wait(self, timeout: float | None = None) -> int:
        """Until it ends; its exit code. Raises `subprocess.TimeoutExpired`."""
        self._forked.join(timeout)
        code = self._forked.exitcode
        if code is None:
            raise subprocess.TimeoutExpired("forked", timeout or 0.0)
        return code


def run_forked(program: str, *arguments: str | Path) -> tuple[int, str]:
    """Have `program` run to its end, however that comes: its exit code, negative for a signal, and all it said."""
    with tempfile.TemporaryFile() as said:
        code = Forked(program, [*map(str, arguments)], os.environ, stdout=said.fileno(), stderr=said.fileno()).wait(120)
        said.seek(0)
        return code, said.read().decode(errors="replace")


def _context() -> ForkServerContext:
    global _server
    if _server is None:
        _server = multiprocessing.get_context("forkserver")
        _server.set_forkserver_preload(list(LOADED))
    return _server


class _Descriptor:
    """An open file that is given to another process."""

    def __init__(self, number: int) -> None:
        self._number = number

    def __reduce__(self) -> tuple[Any, ...]:
        return _received, (reduction.DupFd(self._number),)


def _received(sent: Any) -> int:
    number: int = sent.detach()
    return number


def _run(
    program: str,
    arguments: Sequence[str],
    environment: Mapping[str, str],
    place: tuple[str, int],
    said: tuple[int, int],
) -> None:
    vars(multiprocessing.current_process())["_config"]["daemon"] = False  # It may have processes of its own.
    os.setsid()
    os.chdir(place[0])
    os.umask(place[1])
    os.environ.clear()
    os.environ.update(environment)
    for number, descriptor in enumerate(said, start=1):
        os.dup2(descriptor, number)
    for descriptor in set(said):
        os.close(descriptor)
    sys.argv = ["-c", *arguments]
    exec(compile(program, "program", "exec"), {"__name__": "__main__"})
