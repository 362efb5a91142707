"""Ask logind to wait with shutting down or sleeping while a recording is in hand; where there is no logind, go on.

`systemd-inhibit` holds the lock for as long as its command runs; the command here is a `cat` that ends with the pipe to
it, so that the lock cannot outlive this process.
"""

import logging
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from voicemark.audio import processes

log = logging.getLogger(__name__)

LOGIND = Path("/run/systemd/seats")
"""There when logind runs (sd_booted(3) tells of systemd alone)."""


@contextmanager
def inhibited(why: str, *, wanted: bool = True) -> Iterator[bool]:
    """While inside, logind delays shutdown and sleep, if it can be asked. Yields whether it was."""
    program = shutil.which("systemd-inhibit") if wanted and LOGIND.exists() else None
    if program is None:
        yield False
        return
    command = [program, "--what=shutdown:sleep", "--who=voicemark", f"--why={why}", "--mode=block", "cat"]
    try:
        holder = subprocess.Popen(
            command,
            env=processes.environment(),  # It would tell systemd of its own failures in our name.
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError as error:
        log.debug("logind cannot be asked to wait: %s", error)
        yield False
        return
    try:
        yield True
    finally:
        if holder.stdin is not None:
            with suppress(OSError):
                holder.stdin.close()
        try:
            holder.wait(timeout=2)
        except subprocess.TimeoutExpired:
            holder.kill()
            holder.wait()
