"""Everybody who has a name."""

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from voicemark.store.voices import voice_names
from voicemark.web.routing import page
from voicemark.web.site import Site


def routes(site: Site) -> Sequence[BaseRoute]:
    """Its address."""
    return [page("/people", site, people)]


def people(site: Site, request: Request) -> Response:
    """The list."""
    with site.archive.reading() as session:
        names = voice_names(session)
    return site.page(request, "people.html", names=names)
