"""No other site acts through the owner's browser, or loads what is behind the page.

Browsers say from where a request comes: `Sec-Fetch-Site` to https and to this machine's own addresses, `Origin` else
with whatever changes something. The rules are those of Go's `http.CrossOriginProtection` (Go 1.25; Filippo Valsorda,
words.filippo.io/csrf) and of Datasette, with one more: what has neither header and yet a cookie is refused, as no
browser of today sends it.
"""

from collections.abc import Mapping
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from voicemark.web.security.refusal import refusal

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
OURS = frozenset({"same-origin", "none"})
FORBIDDEN = 403


def may_act(method: str, headers: Mapping[str, str]) -> bool:
    """Whether a request that changes something comes from this page, its owner's own hand, or no browser at all."""
    if method in SAFE:
        return True
    site = headers.get("sec-fetch-site")
    if site:
        return site in OURS
    origin = headers.get("origin")
    if origin:
        return _authority(origin) == headers.get("host", "").lower()
    return "cookie" not in headers


def may_load(headers: Mapping[str, str]) -> bool:
    """Whether what is asked for is not to become part of another site: a link to a page may lead here from anywhere,
    a script, sound or frame of another site may not."""
    if headers.get("sec-fetch-site") != "cross-site":
        return True
    return headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"


def _authority(origin: str) -> str | None:
    """`host:port` of an origin; None for `null` and for what is none."""
    try:
        parts = urlsplit(origin.lower())
    except ValueError:
        return None
    return parts.netloc if parts.scheme in ("http", "https") and parts.netloc else None


class CrossSite:
    """Answers 403 to what another site has set going."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            headers = Headers(scope=scope)
            if not may_act(scope["method"], headers) or not may_load(headers):
                await refusal(FORBIDDEN, "this was set going by another site")(scope, receive, send)
                return
        await self._app(scope, receive, send)
