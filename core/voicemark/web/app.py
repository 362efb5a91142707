"""The page as an ASGI application: its routes, the layers around them, and what an error looks like."""

import logging
from collections.abc import Awaitable, Callable

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount

from voicemark.actions.people import NoSuchPersonError
from voicemark.config import Config
from voicemark.errors import DatabaseError, RecordingError, Trouble, VoicemarkError
from voicemark.web.acting import Submit, submit
from voicemark.web.archive import Archive
from voicemark.web.assets import Assets
from voicemark.web.pages import acts, ask, downloads, language, login, people, person, recording, recordings, state
from voicemark.web.pages import clips as sound
from voicemark.web.security.access import Access
from voicemark.web.security.attempts import Attempts
from voicemark.web.security.cross_site import CrossSite
from voicemark.web.security.headers import ALWAYS, NOT_KEPT, SafeHeaders
from voicemark.web.security.hosts import HostAllowlist, names_of
from voicemark.web.security.passwords import Passwords
from voicemark.web.security.sessions import Sessions
from voicemark.web.site import Site
from voicemark.web.sound.clips import Clips

log = logging.getLogger(__name__)


def make_app(
    config: Config,
    *,
    address: str | None = "127.0.0.1",
    passwords: Passwords | None = None,
    archive: Archive | None = None,
    clips: Clips | None = None,
    submit: Submit = submit,
) -> Starlette:
    """The page for `config`. `address` is what is listened on (None: a Unix socket); with `passwords` nobody gets in
    without one; `clips`: None keeps them in this user's cache; `submit` has acts done. Nothing is opened before it is
    asked for."""
    archive = archive or Archive(config.database.path)
    site = Site(config, archive, passwords, submit)
    sessions = None if passwords is None else Sessions(passwords.key)
    routes: list[BaseRoute] = [
        *recordings.routes(site),
        *recording.routes(site),
        *downloads.routes(site),
        *sound.routes(site, clips or Clips(config)),
        *people.routes(site),
        *person.routes(site),
        *ask.routes(site),
        *state.routes(site),
        *acts.routes(site),
        *language.routes(site),
        *login.routes(site, sessions, Attempts()),
        Mount("/static", Assets(), name="static"),
    ]
    layers = [
        Middleware(SafeHeaders),
        Middleware(HostAllowlist, names=names_of(address or "", config.web.hosts)),
        Middleware(CrossSite),
        Middleware(Access, passwords=passwords, sessions=sessions),
    ]
    handlers = {VoicemarkError: _trouble(site), HTTPException: _refused(site), Exception: _fault(site)}
    return Starlette(routes=routes, middleware=layers, exception_handlers=handlers)


Handler = Callable[[Request, Exception], Awaitable[Response]]


def _trouble(site: Site) -> Handler:
    """Something that this program can put into words."""

    async def answer(request: Request, error: Exception) -> Response:
        assert isinstance(error, VoicemarkError)
        if isinstance(error, DatabaseError):
            log.warning("%s", error)
            return site.page(request, "error.html", 503, {"Retry-After": "10"}, kind="database", error=error)
        if isinstance(error, NoSuchPersonError):
            return site.page(request, "error.html", 404, kind="person", error=error)
        if isinstance(error, RecordingError) and error.trouble is Trouble.ITEM:
            return site.page(request, "error.html", 404, kind="recording", error=error)
        return site.page(request, "error.html", 409, kind="trouble", error=error)

    return answer


def _refused(site: Site) -> Handler:
    """Something that is not there, or not to be done so."""

    async def answer(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        kind = "missing" if error.status_code == 404 else "refused"
        return site.page(request, "error.html", error.status_code, error.headers, kind=kind, error=None)

    return answer


def _fault(site: Site) -> Handler:
    """A fault of this program: the log has it (Starlette raises it again), the reader a sentence. It is told outside of
    all layers."""

    async def answer(request: Request, error: Exception) -> Response:
        return site.page(request, "error.html", 500, {**ALWAYS, "Cache-Control": NOT_KEPT}, kind="fault", error=None)

    return answer
