"""The other side of `voicemark.actions.hearing_process`: a process that hears one recording after another.

It is told what to hear through a socket, tells how far it is, and waits until it may go on. When nobody listens any
more it ends at once, with its ffmpeg.
"""

import logging
import os
import pickle
import select
import signal
import sys
import threading
import traceback
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from voicemark.actions.hear import Heard, hear
from voicemark.actions.hearing_process import Order
from voicemark.actions.in_hand import LeftError
from voicemark.audio import processes
from voicemark.config import EncoderSection
from voicemark.errors import Trouble, trouble_of
from voicemark.voice.base import SpeakerEncoder
from voicemark.voice.load import configured_encoder, load_encoder
from voicemark.voice.recognise import Recogniser
from voicemark.voice.verifier import Verifier

DIES_FIRST = 500
"""Where memory runs out, the system is to end this process and neither the service nor a player (`oom_score_adj`)."""


class Hearer:
    """Hears what it is told to, with encoders that it keeps."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._encoder: tuple[EncoderSection, SpeakerEncoder] | None = None
        self._verifier: tuple[Path, SpeakerEncoder] | None = None

    def serve(self) -> None:
        """Until nobody is there any more."""
        while True:
            _, order = self._receive()
            try:
                told: tuple[str, object] = "heard", self._hear(order)
            except Exception as error:
                told = "failed", _sendable(error)
            self._send(*told)

    def _hear(self, order: Order) -> Heard:
        return hear(order.recording, self._recogniser(order), order.config, self._advanced)

    def _advanced(self, seconds: float) -> None:
        self._send("at", seconds)
        if self._receive()[0] == "leave":
            raise LeftError

    def _recogniser(self, order: Order) -> Recogniser:
        section = order.config.encoder.model_copy(update={"threads": 1, "device": "cpu"})
        if self._encoder is None or self._encoder[0] != section:
            self._encoder = section, configured_encoder(section)
        verifier, named = None, order.config.match.verifier
        if order.verifier is not None and named is not None:
            if self._verifier is None or self._verifier[0] != named.model:
                self._verifier = named.model, load_encoder(named.model, "cpu")
            verifier = Verifier(self._verifier[1], *order.verifier)
        return Recogniser(self._encoder[1], order.book, order.settings, verifier)

    def _send(self, what: str, value: object = None) -> None:
        self._connection.send_bytes(pickle.dumps((what, value)))

    def _receive(self) -> tuple[str, Any]:
        what, value = pickle.loads(self._connection.recv_bytes())
        return what, value


def _sendable(error: Exception) -> Exception:
    """The error as the other side can read it; one of our own with the way to it."""
    if trouble_of(error) is Trouble.OWN and not isinstance(error, LeftError):
        error.add_note("".join(traceback.format_exception(error)))
    error.__traceback__ = error.__cause__ = error.__context__ = None
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error


def _end_now(*_: object) -> None:
    processes.end_for_good()
    os._exit(0)


def _end_when_alone(descriptor: int) -> None:
    """Also while a recording is being heard: whoever asked for it is gone."""
    waiting = select.poll()
    waiting.register(descriptor, select.POLLHUP | select.POLLRDHUP)
    waiting.poll()
    _end_now()


def main() -> None:
    """Serve on the socket whose descriptor is the only argument."""
    logging.basicConfig(format="%(levelname)s %(message)s", level=logging.WARNING)
    descriptor = int(sys.argv[1])
    signal.signal(signal.SIGTERM, _end_now)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the one who asked.
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(str(DIES_FIRST))
    threading.Thread(target=_end_when_alone, args=(descriptor,), daemon=True).start()
    with suppress(EOFError, OSError):
        Hearer(Connection(descriptor)).serve()
    _end_now()


if __name__ == "__main__":
    main()
