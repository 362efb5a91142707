"""Where a password is asked for, nobody gets further than the form that asks for it, without cookie or token."""

from http.cookies import CookieError, SimpleCookie
from urllib.parse import quote

from starlette.datastructures import Headers
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from voicemark.web.security.passwords import Passwords
from voicemark.web.security.refusal import refusal
from voicemark.web.security.sessions import COOKIE, Sessions

OPEN = ("/login", "/language", "/static/")
"""What the form itself needs."""
UNAUTHORISED = 401


class Access:
    """Lets in who has the cookie of a session, or `Authorization: Bearer TOKEN`; a browser is led to the form."""

    def __init__(self, app: ASGIApp, passwords: Passwords | None, sessions: Sessions | None) -> None:
        """Without passwords everybody is let in."""
        self._app, self._passwords, self._sessions = app, passwords, sessions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or self._is_let_in(scope):
            await self._app(scope, receive, send)
        elif scope["method"] == "GET" and "text/html" in Headers(scope=scope).get("accept", ""):
            asked = scope["path"] + (f"?{scope['query_string'].decode('latin-1')}" if scope["query_string"] else "")
            await RedirectResponse(f"/login?back={quote(asked, safe='')}", 303)(scope, receive, send)
        else:
            response = refusal(UNAUTHORISED, "needs the password, or a token")
            response.headers["WWW-Authenticate"] = "Bearer"
            await response(scope, receive, send)

    def _is_let_in(self, scope: Scope) -> bool:
        if self._passwords is None or self._sessions is None:
            return True
        path = scope["path"]
        if any(path == one or (one.endswith("/") and path.startswith(one)) for one in OPEN):
            return True
        headers = Headers(scope=scope)
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return self._passwords.accept_token(token.strip())
        return self._sessions.holds(cookie_of(headers, COOKIE))


def cookie_of(headers: Headers, name: str) -> str:
    """The value of a cookie; empty where there is none."""
    try:
        found = SimpleCookie(headers.get("cookie", "")).get(name)
    except CookieError:
        return ""
    return "" if found is None else found.value
