"""The end that listens: one thread takes requests from all connections and has them done one after another.

Connections are data from others: each has so many bytes and seconds for its one request, there are so many at once,
and whoever has waited longest without asking goes first when more come. A request that has come whole is done, whether
its sender stays to hear the answer or not.
"""

import logging
import os
import selectors
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from voicemark.control.peer import Peer
from voicemark.control.place import BusyError, ControlError, listen, stands_at
from voicemark.control.wire import MOST_BYTES, WireError, write_error

log = logging.getLogger(__name__)

MOST_CONNECTIONS = 64
ASK_WITHIN_S = 5.0
TAKE_WITHIN_S = 5.0
"""An answer is taken within so long, or lost."""
TAKEN_AT_ONCE = 32
"""Connections, between two looks at those that are there."""
READ_BYTES = 64 * 1024
PAUSE_S = 0.2
"""After the system had no more descriptors for a connection."""

Answer = Callable[[bytes, Peer], bytes]
"""A line that was asked, and by whom → the line to answer. Raises nothing."""


@dataclass
class _Connection:
    socket: socket.socket
    peer: Peer
    ends_at: float
    asked: bytearray = field(default_factory=bytearray)
    answer: bytes | None = None


class ControlServer(threading.Thread):
    """Listens at `path` from when it is made until `stop`."""

    def __init__(self, path: Path, answer: Answer) -> None:
        """Raises `ControlError` when it cannot listen there, `OtherListensError` when somebody else does."""
        super().__init__(name="control", daemon=True)
        self.path = path
        self._answer = answer
        self._listener = listen(path)
        self._ours = stands_at(path)
        self._group = path.lstat().st_gid
        self._ending = threading.Event()
        self._wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._connections: dict[int, _Connection] = {}
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._selector.register(self._wake, selectors.EVENT_READ)

    @property
    def is_reachable(self) -> bool:
        """Whether it runs, and its socket stands where others look for it."""
        return self.is_alive() and stands_at(self.path) == self._ours

    def run(self) -> None:
        """Serve until `stop`."""
        try:
            while not self._ending.is_set():
                self._turn()
        except Exception:
            log.exception("commands are not taken any more: an error of voicemark itself")
        finally:
            self._close()

    def stop(self, within_s: float = 3.0) -> None:
        """Listen no more; what is being done is ended, or given up after so long."""
        self._ending.set()
        with suppress(OSError):
            os.eventfd_write(self._wake, 1)
        if self.is_alive():
            self.join(within_s)
        if stands_at(self.path) == self._ours:
            with suppress(OSError):
                self.path.unlink()

    def _turn(self) -> None:
        waits = [connection.ends_at for connection in self._connections.values()]
        ready = self._selector.select(max(0.0, min(waits) - time.monotonic()) if waits else None)
        for key, _ in ready:
            if key.fileobj is self._listener:
                self._accept()
            elif isinstance(key.data, _Connection) and key.data.socket.fileno() in self._connections:
                self._advance(key.data)
            if self._ending.is_set():
                return
        now = time.monotonic()
        for connection in [one for one in self._connections.values() if one.ends_at <= now]:
            if connection.answer is None:
                self._advance(connection)  # It may have asked while something else was done.
            if connection.answer is None or connection.ends_at <= now:
                self._send_away(connection, "the request did not come in time")

    def _accept(self) -> None:
        for _ in range(TAKEN_AT_ONCE):
            try:
                accepted, _ = self._listener.accept()
            except BlockingIOError:
                return
            except OSError as error:
                log.debug("a connection could not be taken: %s", error)
                self._ending.wait(PAUSE_S)
                return
            accepted.setblocking(False)
            try:
                peer = Peer.of(accepted)
            except OSError:
                accepted.close()
                continue
            if not peer.may_speak(self._group):
                log.warning("%s (process %d) may not speak to the service", peer.name, peer.pid)
                with suppress(OSError):
                    accepted.send(write_error(ControlError("this user may not speak to the service")))
                accepted.close()
                continue
            if len(self._connections) >= MOST_CONNECTIONS:
                oldest = min(self._connections.values(), key=lambda one: one.ends_at)
                self._send_away(oldest, "too many ask at once")
            connection = _Connection(accepted, peer, time.monotonic() + ASK_WITHIN_S)
            self._connections[accepted.fileno()] = connection
            self._selector.register(accepted, selectors.EVENT_READ, connection)
            self._advance(connection)  # Whoever asks at once is not driven out by those who come after.

    def _advance(self, connection: _Connection) -> None:
        """Whatever can be read or written now."""
        try:
            if connection.answer is None:
                self._read(connection)
            if connection.answer is not None:
                sent = connection.socket.send(connection.answer)
                connection.answer = connection.answer[sent:]
                if not connection.answer:
                    self._drop(connection)
        except (BlockingIOError, InterruptedError):
            pass
        except OSError:
            self._drop(connection)

    def _read(self, connection: _Connection) -> None:
        asked = connection.asked
        came = connection.socket.recv(READ_BYTES)
        asked += came
        if b"\n" in came and (end := asked.index(b"\n")) <= MOST_BYTES:
            self._reply(connection, self._answer(bytes(asked[:end]), connection.peer))
        elif len(asked) > MOST_BYTES:
            self._reply(connection, write_error(WireError("is longer than any request")))
        elif not came:
            self._drop(connection)

    def _reply(self, connection: _Connection, answer: bytes) -> None:
        connection.answer = answer
        connection.ends_at = time.monotonic() + TAKE_WITHIN_S
        self._selector.modify(connection.socket, selectors.EVENT_WRITE, connection)

    def _send_away(self, connection: _Connection, why: str) -> None:
        """Nothing was done for whoever has not asked yet, which is to be known there."""
        if connection.answer is None:
            with suppress(OSError):
                connection.socket.send(write_error(BusyError(why, hint="try again")))
        self._drop(connection)

    def _drop(self, connection: _Connection) -> None:
        if self._connections.pop(connection.socket.fileno(), None) is not None:
            self._selector.unregister(connection.socket)
            connection.socket.close()

    def _close(self) -> None:
        """Whoever has asked for nothing yet, or was not even taken, is told that nothing was done."""
        with suppress(OSError):
            self._accept()
        for connection in list(self._connections.values()):
            self._send_away(connection, "the service ends")
        self._selector.close()
        self._listener.close()
