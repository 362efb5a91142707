"""Messages over a pipe: a letter that says what it is, its length, its bytes. Reading one can be given up.

letter (1 byte)   length (4 bytes, little-endian)   bytes
"""

import os
import select
import struct
import time
from collections.abc import Callable
from typing import BinaryIO

HEAD = struct.Struct("<cI")
MOST = 1 << 30
SETTINGS, READY, ORDER, PROGRESS, ANSWER = b"S", b"R", b"O", b"P", b"A"
LOOK_S = 0.5
"""How often a reader that waits asks whether it still should."""


class PipeClosedError(Exception):
    """The other side has ended."""


class GivenUpError(Exception):
    """Nothing came for so long, or it is no longer wanted."""


def send(pipe: BinaryIO, letter: bytes, data: bytes = b"") -> None:
    """Raises `PipeClosedError`."""
    try:
        pipe.write(HEAD.pack(letter, len(data)) + data)
        pipe.flush()
    except (OSError, ValueError) as error:
        raise PipeClosedError from error


def receive(pipe: BinaryIO) -> tuple[bytes, bytes]:
    """The next letter and its bytes, however long it takes. Raises `PipeClosedError`."""
    letter, size = HEAD.unpack(_whole(pipe, HEAD.size))
    return letter, _whole(pipe, size)


def _whole(pipe: BinaryIO, size: int) -> bytes:
    data = pipe.read(size)
    if len(data) < size:
        raise PipeClosedError
    return data


class Mailbox:
    """Reads messages of a process that may hang or die."""

    def __init__(self, pipe: BinaryIO) -> None:
        self._descriptor = pipe.fileno()
        self._came = bytearray()

    def receive(self, until: float, unwanted: Callable[[], bool]) -> tuple[bytes, bytes]:
        """The next message. Raises `PipeClosedError`, and `GivenUpError` once the monotonic clock says `until`, or as
        soon as it is `unwanted`."""
        while True:
            if (message := self._first()) is not None:
                return message
            left = until - time.monotonic()
            if left <= 0 or unwanted():
                raise GivenUpError
            ready, _, _ = select.select([self._descriptor], [], [], min(left, LOOK_S))
            if ready:
                data = os.read(self._descriptor, 1 << 20)
                if not data:
                    raise PipeClosedError
                self._came += data

    def _first(self) -> tuple[bytes, bytes] | None:
        if len(self._came) < HEAD.size:
            return None
        letter, size = HEAD.unpack_from(self._came)
        if size > MOST:
            raise PipeClosedError
        end = HEAD.size + size
        if len(self._came) < end:
            return None
        data = bytes(self._came[HEAD.size : end])
        del self._came[:end]
        return letter, data
