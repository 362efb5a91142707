"""Low priorities, so that a machine's other work comes first."""

import logging
import os

import psutil

log = logging.getLogger(__name__)


def be_nice(nice: int, *, idle_io: bool) -> None:
    """Lower this process's priorities, which the programs that it starts inherit. What is not allowed is left."""
    try:
        os.nice(max(0, nice - os.nice(0)))
    except OSError as error:
        log.info("niceness stays as it is: %s", error)
    if idle_io:
        try:
            psutil.Process().ionice(psutil.IOPRIO_CLASS_IDLE)
        except (AttributeError, OSError, psutil.Error) as error:
            log.info("disk priority stays as it is: %s", error)
