"""One person: who it is or may be, where to listen, and when it is heard over the whole archive."""

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute

from voicemark.actions.people import NoSuchPersonError, show_person
from voicemark.store.people import merged_into, voice_called
from voicemark.store.person_recordings import recordings_of
from voicemark.store.voices import voice_names
from voicemark.web.chart import bars
from voicemark.web.numbers import whole
from voicemark.web.routing import page
from voicemark.web.site import Site

RECORDINGS, PROGRAMMES = 100, 20
"""So many are told of at once; the search finds the others."""


def routes(site: Site) -> Sequence[BaseRoute]:
    """Its address."""
    return [page("/people/{id}", site, person)]


def person(site: Site, request: Request) -> Response:
    """The person of this number; whoever was made one with somebody is found there."""
    number = whole(request.path_params["id"], -1)
    with site.archive.reading() as session:
        try:
            found = show_person(session, number)
        except NoSuchPersonError:
            other = merged_into(session, number)
            if other is None or other == number:
                raise
            done = request.query_params.get("done")
            return RedirectResponse(f"/people/{other}" + (f"?done={whole(done)}" if done else ""), 303)
        recordings = recordings_of(session, number, RECORDINGS)
        names = voice_names(session)
        alike = [(one, voice_called(session, one[0])) for one in found.looks_like]
    return site.page(
        request,
        "person.html",
        person=found,
        recordings=recordings,
        names=[name for name in names if name != found.view.name],
        alike=[(name, agree, of, view.person) for (name, agree, of), view in alike if view is not None],
        months=bars(found.by_month),
        programmes=found.by_programme[:PROGRAMMES],
    )
