"""Who takes too long to say what is asked for is not waited for: a connection is held by a request, not by a pause."""

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_WITHIN_S = 10.0
"""From the first byte of a request, or the beginning of the connection, to the end of its headers."""
BODY_WITHIN_S = 20.0
"""For a form to come."""


class PatientProtocol(H11Protocol):
    """uvicorn's own, which waits for headers as long as it takes; this one hangs up."""

    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """A connection begins."""
        super().connection_made(transport)
        self._timer = self.loop.call_later(HEAD_WITHIN_S, self.transport.close)

    def data_received(self, data: bytes) -> None:
        """Something came: the head is there, or it still has to come in time."""
        super().data_received(data)
        if self.conn.their_state is not h11.IDLE:
            self._stop()
        elif self._timer is None:
            self._timer = self.loop.call_later(HEAD_WITHIN_S, self.transport.close)

    def connection_lost(self, exc: Exception | None) -> None:
        """It has ended."""
        self._stop()
        super().connection_lost(exc)

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
