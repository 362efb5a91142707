"""Everybody who is heard: with a name, without one, sounds, and who is of no interest."""

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from voicemark.actions.people import PersonView, list_acts, list_people, places_of
from voicemark.store.voices import voice_names
from voicemark.web.numbers import whole
from voicemark.web.routing import page
from voicemark.web.site import Site

PAGE = 40
SAMPLES = 3
KINDS: dict[str, tuple[str, bool | None]] = {
    "named": ("person", True),
    "unnamed": ("person", False),
    "sounds": ("sound", None),
    "ignored": ("ignored", None),
}
"""What a part of the list shows: kind, and with a name or without."""
ORDERS = ("hours", "recordings", "last_heard", "name")
LATEST = 8


def routes(site: Site) -> Sequence[BaseRoute]:
    """Its address."""
    return [page("/people", site, people)]


def people(site: Site, request: Request) -> Response:
    """The list; `show` says which part, `order` and `at` where in it, `least` in how many recordings."""
    asked = request.query_params
    show = asked["show"] if asked.get("show") in KINDS else "named"
    order = asked["order"] if asked.get("order") in ORDERS else "hours"
    least = whole(asked.get("least"), 1, least=1, most=1000)
    at = whole(asked.get("at"), 0, most=1_000_000)
    kind, named = KINDS[show]
    with site.archive.reading() as session:
        found: list[PersonView] = list_people(session, kind, named, least, order, PAGE + 1, at)  # type: ignore[arg-type]
        places = places_of(session, [one.person for one in found[:PAGE]], SAMPLES)
        names = voice_names(session)
        log = list_acts(session, LATEST)
    chosen = {"show": show, "order": order, "least": least}
    return site.page(
        request,
        "people.html",
        people=found[:PAGE],
        places=places,
        show=show,
        shows=list(KINDS),
        order=order,
        orders=ORDERS,
        least=least,
        names=names,
        log=log,
        before={**chosen, "at": max(0, at - PAGE)} if at else None,
        behind={**chosen, "at": at + PAGE} if len(found) > PAGE else None,
    )
