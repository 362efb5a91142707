"""The form that asks for the password, and the way out."""

import math
import threading
from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute

from voicemark.web.forms import way_back
from voicemark.web.routing import Fields, field, form, page
from voicemark.web.security.attempts import Attempts
from voicemark.web.security.sessions import COOKIE, LASTS_S, Sessions
from voicemark.web.site import Site

TOO_MANY = 429


def routes(site: Site, sessions: Sessions | None, attempts: Attempts) -> Sequence[BaseRoute]:
    """Its addresses; the form leads on at once where no password is asked for."""
    one_at_a_time = threading.Lock()  # Each try takes memory and a tenth of a second.

    def ask(site: Site, request: Request) -> Response:
        back = way_back(request.query_params.get("back", ""))
        if sessions is None:
            return RedirectResponse(back, 303)
        return site.page(request, "login.html", back=back, wrong=False, wait_s=0)

    def enter(site: Site, request: Request, fields: Fields) -> Response:
        back = way_back(field(fields, "back"))
        if sessions is None or site.passwords is None:
            return RedirectResponse(back, 303)
        address = request.client.host if request.client else ""
        with one_at_a_time:
            wait_s = math.ceil(attempts.wait_s(address))
            if wait_s:
                headers = {"Retry-After": str(wait_s)}
                return site.page(request, "login.html", TOO_MANY, headers, back=back, wrong=False, wait_s=wait_s)
            if not site.passwords.accept(field(fields, "password")):
                attempts.wrong(address)
                return site.page(request, "login.html", 403, back=back, wrong=True, wait_s=0)
        response = RedirectResponse(back, 303)
        encrypted = request.url.scheme == "https"
        response.set_cookie(COOKIE, sessions.begin(), LASTS_S, httponly=True, samesite="strict", secure=encrypted)
        return response

    def leave(site: Site, request: Request, fields: Fields) -> Response:
        response = RedirectResponse("/login", 303)
        response.delete_cookie(COOKIE, httponly=True, samesite="strict")
        return response

    return [page("/login", site, ask), form("/login", site, enter), form("/logout", site, leave)]
