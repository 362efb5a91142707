"""How often a wrong password may be tried: a few at once, then ever more slowly, for each address and for all."""

import threading
import time
from collections.abc import Callable

EACH, ALL = 5, 50
"""Wrong ones in `WITHIN_S` of one address, and of all together."""
WITHIN_S = 300.0
MOST_ADDRESSES = 1000


class Attempts:
    """Wrong tries of the last minutes. Safe between threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._wrong: list[tuple[float, str]] = []
        self._lock = threading.Lock()

    def wait_s(self, address: str) -> float:
        """Seconds until this address may try (again); 0: now."""
        with self._lock:
            now = self._clock()
            self._wrong = [one for one in self._wrong if one[0] > now - WITHIN_S][-MOST_ADDRESSES:]
            own = [at for at, who in self._wrong if who == address]
            waits = [0.0]
            for times, most in ((own, EACH), ([at for at, _ in self._wrong], ALL)):
                if len(times) >= most:
                    waits.append(times[-most] + WITHIN_S - now)
            return max(waits)

    def wrong(self, address: str) -> None:
        """It was not the password."""
        with self._lock:
            self._wrong.append((self._clock(), address))
