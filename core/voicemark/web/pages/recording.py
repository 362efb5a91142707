"""One recording: its timeline, and the same as a table, of the whole or of a part of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from voicemark.export.write import WRITERS
from voicemark.store.paths import path_to_text
from voicemark.store.recording_view import Stretch, view_recording
from voicemark.store.voices import voice_names
from voicemark.web.numbers import seconds, whole
from voicemark.web.routing import page
from voicemark.web.site import Site
from voicemark.web.timeline import Lane, Timeline, keys_of, timeline_of

ROWS = 200
"""Of the table at once."""
PARTS = 8
"""A recording can be looked at in so many parts, at least, where it is long."""
PART_S = 1800


@dataclass(frozen=True)
class Row:
    """A row of the table."""

    number: int
    """Among all stretches of the recording."""
    stretch: Stretch
    lanes: tuple[Lane, ...]


def routes(site: Site) -> Sequence[BaseRoute]:
    """Its address."""
    return [page("/recordings/{id}", site, recording)]


def recording(site: Site, request: Request) -> Response:
    """`from to` show a part, `who` one lane's rows, `row` chooses one, `at` the one at a moment."""
    asked = request.query_params
    with site.archive.reading() as session:
        view = view_recording(session, whole(request.path_params["id"], -1))
        names = voice_names(session)
    timeline = timeline_of(view, seconds(asked.get("from")), seconds(asked.get("to")))
    lanes = {lane.key: lane for lane in timeline.lanes}
    who = asked.get("who", "") if asked.get("who") in lanes else ""
    rows = [
        Row(number, stretch, tuple(lanes[key] for key in keys_of(stretch)))
        for number, stretch in enumerate(view.stretches)
        if stretch.end_s > timeline.start_s and stretch.start_s < timeline.end_s
        if not who or who in keys_of(stretch)
    ]
    chosen = _chosen(rows, asked.get("row"), seconds(asked.get("at")))
    first = _first(rows, whole(asked.get("first"), 0), chosen)
    part = {"from": _told(timeline.start_s, 0.0), "to": _told(timeline.end_s, timeline.duration_s), "who": who}
    return site.page(
        request,
        "recording.html",
        view=view,
        timeline=timeline,
        who=lanes.get(who),
        rows=rows[first : first + ROWS],
        chosen=chosen,
        part=part,
        before={**part, "first": max(0, first - ROWS)} if first else None,
        behind={**part, "first": first + ROWS} if first + ROWS < len(rows) else None,
        first=first,
        count=len(rows),
        parts=_parts(timeline),
        names=names,
        formats=list(WRITERS),
        path_text=path_to_text(view.path),
        clip=clip_of,
    )


def clip_of(recording: int, row: Row) -> str:
    """The address of its sound."""
    if row.stretch.turn is not None:
        return f"/clip/turn/{recording}/{row.stretch.turn}"
    return f"/clip/marker/{row.stretch.marker}"


def _chosen(rows: Sequence[Row], number: str | None, at_s: float | None) -> Row | None:
    """The row that is asked for by its number, or that lies at a moment or follows it."""
    if at_s is not None:
        return next((row for row in rows if row.stretch.end_s > at_s), None)
    wanted = whole(number, -1)
    return next((row for row in rows if row.number == wanted), None)


def _first(rows: Sequence[Row], asked: int, chosen: Row | None) -> int:
    """Where the rows that are shown begin: at one of every `ROWS`, and so that the chosen one is among them."""
    place = next((place for place, row in enumerate(rows) if row is chosen), None) if chosen else None
    place = min(asked, max(0, len(rows) - 1)) if place is None else place
    return place - place % ROWS


def _parts(timeline: Timeline) -> list[tuple[float, float]]:
    """What a long recording can be divided into."""
    if timeline.duration_s < 2 * PART_S:
        return []
    length_s = max(PART_S, timeline.duration_s / (2 * PARTS))
    count = -int(-timeline.duration_s // length_s)
    return [(n * length_s, min((n + 1) * length_s, timeline.duration_s)) for n in range(count)]


def _told(value: float, default: float) -> str:
    return "" if value == default else f"{value:.1f}".removesuffix(".0")
