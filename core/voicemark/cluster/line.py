"""The line to those who hear: a scheduler may go away and come back, and it is the place's trouble while it does.

What workers had in hand is lost with it, and nothing else: the claims are given back, and heard again once the line
stands. It is tried with growing pauses, for as long as it takes.
"""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, suppress
from types import TracebackType

from distributed import Client

from voicemark.cluster.crew import Crew
from voicemark.cluster.errors import ClusterError

log = logging.getLogger(__name__)

FIRST_S, LONGEST_S = 1.0, 60.0
"""The first pause, and how long pauses become; each is twice as long as the one before."""


class Line:
    """A crew, and another one when its scheduler was lost; within `with` the first one is there."""

    def __init__(self, connect: Callable[[], AbstractContextManager[Client]], *, stands: bool = False) -> None:
        """`connect` makes a client. Where it `stands` nobody is to come (a cluster in this process), and there is none
        to go back to."""
        self._connect, self.stands = connect, stands
        self._open = ExitStack()
        self._crew: Crew | None = None

    def __enter__(self) -> "Line":
        """Raises `ClusterError`: an address that is wrong at the start is to be told, and not waited for."""
        self._crew = Crew(self._open.enter_context(self._connect()))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._open.close()

    @property
    def crew(self) -> Crew:
        """Those who hear now."""
        assert self._crew is not None, "used outside of its `with`"
        return self._crew

    def restore(self, lost: ClusterError, ending: threading.Event, waits: Callable[[str], None]) -> None:
        """Wait until the scheduler is back, or `ending` is set; `waits` is told why it is waited. Raises `lost` where
        there is nothing to go back to."""
        if self.stands:
            raise lost
        with suppress(Exception):  # What is closed is gone already.
            self._open.close()
        reason = lost.what
        for pause_s in pauses():
            waits(f"for the scheduler to come back: {reason}")
            if ending.wait(pause_s):
                return
            try:
                self._crew = Crew(self._open.enter_context(self._connect()))
            except ClusterError as error:
                reason = error.what
            else:
                log.info("the scheduler is back")
                return


def pauses() -> Iterator[float]:
    """Seconds between two attempts, without end."""
    pause_s = FIRST_S
    while True:
        yield pause_s
        pause_s = min(2 * pause_s, LONGEST_S)
