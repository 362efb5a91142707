"""By which names the page may be asked for: against DNS rebinding.

Another site's name can be made to resolve to this machine; its scripts then are of the same origin as the page, by all
that browsers check. What they cannot change is the name in `Host`.
"""

import ipaddress
import re
from collections.abc import Iterable

from starlette.types import ASGIApp, Receive, Scope, Send

from voicemark.web.security.refusal import refusal

LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})
_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::([0-9]{1,5}))?")
MISDIRECTED = 421


def host_name(header: str) -> str | None:
    """The name in a `Host` header, in lower case, without its port and a dot at its end; None for no such thing."""
    found = _HOST.fullmatch(header.lower())
    return None if found is None else found[1].removesuffix(".")


def names_of(address: str, configured: Iterable[str]) -> frozenset[str]:
    """The names that may be asked for: this machine's own, those `configured`, the `address` that is listened on."""
    named = set(configured)
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        named |= {address.lower()} if address else set()
    else:
        if not parsed.is_unspecified:
            named.add(f"[{parsed}]" if parsed.version == 6 else str(parsed))
    return LOOPBACK | named


class HostAllowlist:
    """Answers 421 to whoever asks for another name, or for none, or for two."""

    def __init__(self, app: ASGIApp, names: frozenset[str]) -> None:
        self._app, self._names = app, names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            headers = [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]
            name = host_name(headers[0]) if len(headers) == 1 else None
            if name not in self._names:
                told = "this name is not one of its own; [web] hosts says by which it may be asked for"
                await refusal(MISDIRECTED, told)(scope, receive, send)
                return
        await self._app(scope, receive, send)
