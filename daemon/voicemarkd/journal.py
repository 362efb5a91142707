"""Logging: to journald with fields where it listens, else one line per record on stderr; floods are dammed.

A log that cannot be written (a full disk, a reader that is gone or asleep) never stops the service: what is not taken
within `PATIENCE_S` is dropped and counted.

Fields of a record are given as `extra={"fields": {"recording": …}}` and become `VOICEMARK_RECORDING=…`, so that
`journalctl VOICEMARK_RECORDING=…` finds them. Protocol: systemd, "Native Journal Protocol".
"""

import logging
import os
import select
import socket
import struct
import time
from collections.abc import Callable

SOCKET = "/run/systemd/journal/socket"
BURST = 300
"""So many records of one place in the program …"""
PER_S = 600.0
"""… in so many seconds; what is above is counted and said once."""
PATIENCE_S = 1.0

_PRIORITIES = ((logging.CRITICAL, 2), (logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6), (0, 7))


def set_up_logging(level: int = logging.INFO) -> None:
    """Send everything that is logged to journald when it reads our stderr, else to stderr."""
    handler: logging.Handler = JournalHandler() if _stderr_is_journal() else LineHandler()
    handler.setFormatter(
        logging.Formatter("%(message)s" if isinstance(handler, JournalHandler) else "%(levelname)s %(message)s")
    )
    handler.addFilter(RateLimit())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for chatty in ("alembic", "watchdog", "sqlalchemy"):
        logging.getLogger(chatty).setLevel(max(level, logging.WARNING))


class JournalHandler(logging.Handler):
    """Sends records to journald; those that it does not take go to stderr."""

    def __init__(self, address: str = SOCKET) -> None:
        super().__init__()
        self._address = address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        self._socket.settimeout(PATIENCE_S)
        self._stderr = LineHandler()

    def emit(self, record: logging.LogRecord) -> None:
        """Send one record."""
        message = self.format(record)
        fields = {
            "MESSAGE": message[:16_384],
            "PRIORITY": str(next(number for level, number in _PRIORITIES if record.levelno >= level)),
            "SYSLOG_IDENTIFIER": "voicemarkd",
            "CODE_FILE": record.pathname,
            "CODE_LINE": str(record.lineno),
            "LOGGER": record.name,
        }
        extra = getattr(record, "fields", {})
        fields |= {f"VOICEMARK_{name.upper()}": str(value) for name, value in extra.items()}
        try:
            self._socket.sendto(encode(fields), self._address)
        except OSError:
            self._stderr.emit(record)

    def close(self) -> None:
        """Release the socket."""
        self._socket.close()
        super().close()


class LineHandler(logging.Handler):
    """Writes records to a file descriptor (2 is stderr), unbuffered; what is not taken is not kept for later."""

    def __init__(self, descriptor: int = 2) -> None:
        super().__init__()
        self._descriptor = descriptor
        self._lost = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record, or count it as lost."""
        text = self.format(record) + "\n"
        if self._lost:
            text = f"\nWARNING {self._lost} messages before this could not be written\n{text}"
        if self._write(text.encode("utf-8", "backslashreplace")):
            self._lost = 0
        else:
            self._lost += 1

    def _write(self, data: bytes) -> bool:
        waiting = select.poll()
        waiting.register(self._descriptor, select.POLLOUT)
        try:
            while data:
                # A pipe that is ready takes so much without blocking (pipe(7)); files and terminals always are.
                if not waiting.poll(PATIENCE_S * 1000):
                    return False
                data = data[os.write(self._descriptor, data[: select.PIPE_BUF]) :]
        except OSError:
            return False
        return True


def encode(fields: dict[str, str]) -> bytes:
    """Fields as journald reads them; a value with line breaks is preceded by its length (little-endian, 64 bit)."""
    parts = []
    for name, value in fields.items():
        data = value.encode("utf-8", "backslashreplace")
        if b"\n" in data:
            parts.append(name.encode() + b"\n" + struct.pack("<Q", len(data)) + data + b"\n")
        else:
            parts.append(name.encode() + b"=" + data + b"\n")
    return b"".join(parts)


class RateLimit(logging.Filter):
    """Lets at most `BURST` records per place and `PER_S` seconds through, and says how many it held back."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._windows: dict[tuple[str, int], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record goes on."""
        place, now = (record.pathname, record.lineno), self._clock()
        begun, count = self._windows.get(place, (now, 0))
        if now - begun >= PER_S:
            if count > BURST:
                record.msg = f"{record.getMessage()} ({count - BURST} more like this were not logged)"
                record.args = ()
            begun, count = now, 0
        self._windows[place] = begun, count + 1
        return count < BURST


def _stderr_is_journal() -> bool:
    """systemd names the stream that it connected to journald (`JOURNAL_STREAM`, systemd.exec(5))."""
    try:
        stat = os.fstat(2)
        return os.environ.get("JOURNAL_STREAM") == f"{stat.st_dev}:{stat.st_ino}"
    except OSError:
        return False
