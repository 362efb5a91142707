"""Who has given the password is known by a cookie: when it ends, signed. Nothing is kept of it here.

The key comes from the password file, so that a restart asks nobody again and a new password asks everybody.
"""

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable

COOKIE = "voicemark"
LASTS_S = 30 * 86400
LONGEST = 200


class Sessions:
    """Makes and reads the cookie's value: `ends.nonce.signature`."""

    def __init__(self, key: bytes, clock: Callable[[], float] = time.time) -> None:
        self._key, self._clock = key, clock

    def begin(self) -> str:
        """The cookie of somebody who has just given the password."""
        said = f"{int(self._clock()) + LASTS_S}.{secrets.token_hex(16)}"
        return f"{said}.{self._sign(said)}"

    def holds(self, cookie: str) -> bool:
        """Whether it was made here and has not ended."""
        said, _, signature = cookie[:LONGEST].rpartition(".")
        if not said.isascii() or not signature.isascii() or not hmac.compare_digest(signature, self._sign(said)):
            return False
        return int(said.partition(".")[0]) > self._clock()

    def _sign(self, said: str) -> str:
        return hmac.new(self._key, said.encode(), hashlib.sha256).hexdigest()
