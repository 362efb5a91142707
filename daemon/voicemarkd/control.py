"""Commands and the page ask the service over its socket: it is kept open, and what is in the way is said once."""

import logging
from collections.abc import Callable
from typing import Any

from voicemark.config import Config
from voicemark.control.answer import answer_with
from voicemark.control.peer import Peer
from voicemark.control.place import ControlError, OtherListensError, socket_of
from voicemark.control.server import ControlServer
from voicemark.control.submit import do
from voicemark.control.wire import Request
from voicemark.store.database import Database

log = logging.getLogger(__name__)


class Control:
    """Takes acts in a thread of its own, for as long as it is kept up; `done` is called from there after each, so that
    what follows is seen to."""

    def __init__(self, database: Database, config: Callable[[], Config], done: Callable[[], None]) -> None:
        """`config` is the one in force."""
        self._database, self._config, self._done = database, config, done
        self._server: ControlServer | None = None
        self._said: str | None = None

    def keep_up(self) -> None:
        """See that the socket is listened to; again where somebody has taken it away, or it is to be elsewhere."""
        path = socket_of(self._config())
        if self._server is not None and self._server.path == path and self._server.is_reachable:
            return
        self.stop()
        try:
            self._server = ControlServer(path, answer_with(self._do))
        except ControlError as error:
            if str(error) != self._said:
                level = logging.INFO if isinstance(error, OtherListensError) else logging.WARNING
                log.log(level, "nothing is taken from commands and the page: %s", error)
            self._said = str(error)
            return
        self._server.start()
        self._said = None

    def stop(self) -> None:
        """Take no more; what is in hand is ended."""
        if self._server is not None:
            self._server.stop()
            self._server = None

    def _do(self, request: Request, peer: Peer) -> dict[str, Any]:
        told = do(request, self._database, self._config(), peer.name)
        log.info("%s did: %s", peer.name, request.act.get("act"))
        self._done()
        return told
