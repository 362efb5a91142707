"""The end that asks: an act goes to the service where one listens, and is done here where none does."""

import socket
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from voicemark.control.place import BusyError, ControlError, connected
from voicemark.control.wire import MOST_BYTES, Request, read_answer, write_request

CONNECT_WITHIN_S = 10.0
ANSWER_WITHIN_S = 120.0
"""The service does one act after another, and each may wait for a lock."""
TRIES = 5
PAUSE_S = 0.2


def asked(path: Path, request: Request) -> dict[str, Any] | None:
    """What the service at `path` says that it has done; None where no service listens, and nothing was done.

    Raises the `VoicemarkError` that the service met with, and `ControlError` where it cannot be spoken to, or ended
    without an answer.
    """
    line = write_request(request)
    for left in reversed(range(TRIES)):
        try:
            return _once(path, line)
        except BusyError:
            if not left:
                raise
            time.sleep(PAUSE_S)
    return None


def _once(path: Path, line: bytes) -> dict[str, Any] | None:
    connection = connected(path, CONNECT_WITHIN_S)
    if connection is None:
        return None
    with closing(connection):
        with suppress(OSError):  # It may have said why before it closed.
            connection.sendall(line)
        return read_answer(_answer(connection, path))


def _answer(connection: socket.socket, path: Path) -> bytes:
    ends = time.monotonic() + ANSWER_WITHIN_S
    came = bytearray()
    try:
        while not came.endswith(b"\n") and len(came) <= MOST_BYTES:
            connection.settimeout(max(0.001, ends - time.monotonic()))
            read = connection.recv(MOST_BYTES)
            if not read:
                break
            came += read
    except OSError as error:
        raise _unknown(path) from error
    if not came.endswith(b"\n"):
        raise _unknown(path)
    return bytes(came)


def _unknown(path: Path) -> ControlError:
    return ControlError(
        "the service ended, or said nothing, before it told whether it was done",
        path=path,
        hint="look before you try again",
    )
