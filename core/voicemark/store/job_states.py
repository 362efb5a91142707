"""Where work on a recording stands, and how long a claim to it holds."""

from datetime import timedelta
from enum import StrEnum

STALE = timedelta(minutes=10)
"""A claim without a sign of life for so long is abandoned, wherever its owner is."""


class JobState(StrEnum):
    """Where a job stands."""

    WAITING = "waiting"
    READY = "ready"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    GONE = "gone"
