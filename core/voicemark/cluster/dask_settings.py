"""How Dask is set, whatever a machine's own files say: it brings orders to workers, and decides nothing else.

Who is tried again, how often, and what counts, is written in the job table. So Dask never tries again by itself, never
moves an order to another worker, and gives a worker one order at a time.
"""

import logging
from typing import Any

import dask.config
import distributed  # noqa: F401 (it sets its loggers up when it is imported)

SETTINGS: dict[str, Any] = {
    "distributed.scheduler.allowed-failures": 0,  # whose worker dies is told of at once
    "distributed.scheduler.worker-saturation": 1.0,
    "distributed.scheduler.work-stealing": False,
    "distributed.scheduler.worker-ttl": "30 minutes",
    "distributed.scheduler.http.routes": [],
    "distributed.worker.http.routes": [],
    "distributed.worker.profile.enabled": False,
    "distributed.comm.timeouts.connect": "30s",
    "distributed.comm.timeouts.tcp": "60s",
    "distributed.comm.compression": None,
}
NO_PAGES: dict[str, Any] = {"dashboard": False, "dashboard_address": "127.0.0.1:0"}
"""For schedulers and workers: the web server that each of them starts has no pages, and hears this machine alone."""


def set_up(level: int = logging.CRITICAL) -> None:
    """To be called before anything of Dask is started. Below `level` Dask says nothing: that somebody has gone is what
    we expect, and say ourselves, in a line and not with a traceback."""
    dask.config.set(SETTINGS)
    for name in ("distributed", "distributed.client"):
        logging.getLogger(name).setLevel(level)
