"""Staying out of the way of recording and playback: priorities, and when not to work at all."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, time

from voicemark.config import ServiceSection

LOOK_AGAIN_S = 15.0
"""How often a reason to pause is looked at again."""


@dataclass(frozen=True)
class Hours:
    """A daily stretch of local time; it may go over midnight, and equal ends mean the whole day."""

    begin: time
    end: time

    @classmethod
    def parse(cls, text: str) -> "Hours":
        """From `HH:MM-HH:MM`. Raises `ValueError`."""
        begin, _, end = text.partition("-")
        return cls(time.fromisoformat(begin.strip()), time.fromisoformat(end.strip()))

    def __contains__(self, moment: time) -> bool:
        if self.begin < self.end:
            return self.begin <= moment < self.end
        return moment >= self.begin or moment < self.end


class Manners:
    """Decides whether work may begin or go on now. `recording` says whether the recorder is at work."""

    def __init__(
        self,
        settings: ServiceSection,
        *,
        recording: Callable[[], bool],
        local_time: Callable[[], datetime] = datetime.now,
        load: Callable[[], float] = lambda: os.getloadavg()[0],
    ) -> None:
        self._settings = settings
        self._hours = Hours.parse(settings.allowed_hours) if settings.allowed_hours else None
        self._recording, self._local_time, self._load = recording, local_time, load

    def reason_to_pause(self, *, working: int = 0) -> str | None:
        """Why nothing should be done now, in words; None when the way is free.

        `working`: how many recordings are in hand. The load that they make themselves must not stop them, so the limit
        is raised by one for each.
        """
        if self._hours is not None and self._local_time().time() not in self._hours:
            return f"outside the allowed hours {self._settings.allowed_hours}"
        if self._settings.pause_while_recording and self._recording():
            return "the recorder is recording"
        limit = self._settings.max_load
        if limit is not None and (load := self._load()) > limit + working:
            return f"the load is {load:.1f}"
        return None
