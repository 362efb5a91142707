"""How a request comes to a page: in a thread of its own, as pages wait for the database, with forms read before."""

from collections.abc import Callable, Sequence

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from voicemark.web.forms import read_form
from voicemark.web.site import Site

Fields = Sequence[tuple[str, str]]
Page = Callable[[Site, Request], Response]
Act = Callable[[Site, Request, Fields], Response]


def page(path: str, site: Site, answer: Page) -> Route:
    """A page that is only looked at."""

    async def endpoint(request: Request) -> Response:
        return await run_in_threadpool(answer, site, request)

    return Route(path, endpoint, methods=["GET"], name=answer.__name__)


def form(path: str, site: Site, answer: Act) -> Route:
    """Where a form is sent to."""

    async def endpoint(request: Request) -> Response:
        fields = await read_form(request)
        return await run_in_threadpool(answer, site, request, fields)

    return Route(path, endpoint, methods=["POST"], name=answer.__name__)


def field(fields: Fields, name: str, default: str = "") -> str:
    """The last value of a field, as browsers send a hidden default before what was chosen."""
    return next((value for key, value in reversed(fields) if key == name), default)
