"""All recordings: searched, filtered, sorted, a page at a time."""

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from voicemark.store.recording_list import STATES, After, Order, Wanted, list_recordings
from voicemark.web.numbers import day
from voicemark.web.routing import page
from voicemark.web.site import Site

LONGEST = 200
"""Characters of a question."""


def routes(site: Site) -> Sequence[BaseRoute]:
    """Its addresses."""
    return [page("/", site, recordings), page("/recordings", site, recordings)]


def recordings(site: Site, request: Request) -> Response:
    """The list; `q state from to order way after` say which part of it."""
    asked = request.query_params
    chosen = {
        "q": asked.get("q", "")[:LONGEST].strip(),
        "state": asked.get("state", "") if asked.get("state") in STATES else "",
        "from": asked.get("from", "") if day(asked.get("from")) else "",
        "to": asked.get("to", "") if day(asked.get("to")) else "",
    }
    order = Order(asked["order"]) if asked.get("order") in set(Order) else Order.DATE
    falling = asked.get("way") == "down" if asked.get("way") in ("up", "down") else order is Order.DATE
    wanted = Wanted(
        words=chosen["q"],
        state=chosen["state"] or None,
        since=day(chosen["from"]),
        until=day(chosen["to"], after=True),
        order=order,
        falling=falling,
        after=After.of(asked.get("after")),
    )
    with site.archive.reading() as session:
        found = list_recordings(session, wanted)
    sorted_by = {**chosen, "order": order.value, "way": "down" if falling else "up"}
    return site.page(
        request,
        "recordings.html",
        found=found,
        chosen=chosen,
        states=STATES,
        orders=[(one.value, {**chosen, "order": one.value, "way": _way(one, order, falling)}) for one in Order],
        order=order.value,
        falling=falling,
        first={**sorted_by} if wanted.after else None,
        next={**sorted_by, "after": str(found.next)} if found.next else None,
    )


def _way(column: Order, order: Order, falling: bool) -> str:
    """In which direction a click on a column's head sorts: the other one where it is sorted by that already."""
    down = not falling if column is order else column is Order.DATE
    return "down" if down else "up"
