"""The switch of languages: kept in a cookie, which says nothing else."""

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute

from voicemark.web.forms import way_back
from voicemark.web.routing import Fields, field, form
from voicemark.web.site import LANGUAGE_COOKIE, Site
from voicemark.web.words import languages

YEAR_S = 365 * 86400


def routes(site: Site) -> Sequence[BaseRoute]:
    """Its address."""
    return [form("/language", site, choose_language)]


def choose_language(site: Site, request: Request, fields: Fields) -> Response:
    """Keep the choice and go back to where it was made."""
    response = RedirectResponse(way_back(field(fields, "back")), 303)
    language = field(fields, "language")
    if language in languages():
        response.set_cookie(LANGUAGE_COOKIE, language, YEAR_S, httponly=True, samesite="strict")
    return response
