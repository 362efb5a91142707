"""A line that was asked becomes a line to answer, whatever it is and whatever goes wrong."""

import logging
from collections.abc import Callable
from typing import Any

from voicemark.control.peer import Peer
from voicemark.control.server import Answer
from voicemark.control.wire import Request, read_request, write_done, write_error
from voicemark.errors import Trouble, VoicemarkError

log = logging.getLogger(__name__)


class ServiceFaultError(VoicemarkError):
    """The service met with an error of its own."""

    trouble = Trouble.OWN


def answer_with(do: Callable[[Request, Peer], dict[str, Any]]) -> Answer:
    """Answers by what `do` says was done, or by the error that it raises."""

    def answer(line: bytes, peer: Peer) -> bytes:
        try:
            return write_done(do(read_request(line), peer))
        except VoicemarkError as error:
            return write_error(error)
        except Exception:
            log.exception("a request of %s could not be done: an error of voicemark itself", peer.name)
            return write_error(
                ServiceFaultError("an error of voicemark itself kept the service from it", hint="its log says more")
            )

    return answer
