"""What leaves the page as a file: a recording's markers in every format, playlists that open a player at a place."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from voicemark.actions.playlist import entries_in
from voicemark.errors import RecordingError
from voicemark.export.base import MarkedRecording, clock, one_line
from voicemark.export.load import load_recording, with_file_times, with_frames
from voicemark.export.players import file_at
from voicemark.export.playlist import Entry, m3u, xspf
from voicemark.export.write import WRITERS
from voicemark.store.paths import text_to_path
from voicemark.store.people import find_person
from voicemark.store.person_recordings import recordings_of, spans_of
from voicemark.store.recording_view import path_of_recording
from voicemark.web.numbers import seconds, whole
from voicemark.web.routing import page
from voicemark.web.site import Site

TYPES = {".json": "application/json", ".csv": "text/csv; charset=utf-8", ".xml": "application/xml", ".vtt": "text/vtt"}
M3U = "audio/x-mpegurl"
PLAYLISTS = {"m3u": (m3u, M3U), "xspf": (xspf, "application/xspf+xml")}
MOST = 5000
"""Recordings of one playlist: those in which somebody is heard longest."""
BEFORE_S = 1.0
"""A player begins so long before the place."""


def routes(site: Site) -> Sequence[BaseRoute]:
    """Their addresses."""
    return [
        page("/recordings/{id}/export/{format}", site, exported),
        page("/recordings/{id}/play.m3u", site, opened),
        page("/people/{id}/playlist.{kind}", site, all_of_one),
    ]


def exported(site: Site, request: Request) -> Response:
    """The markers of a recording in one format, as `voicemark export FORMAT -o -` prints it."""
    writer = WRITERS.get(request.path_params["format"])
    if writer is None:
        raise HTTPException(404)
    recording = _recording(site, request)
    if writer.name == "vdr-marks":
        recording = with_frames(recording)
    kind = TYPES.get(writer.suffix, "text/plain; charset=utf-8")
    return attachment(writer.render(recording), recording.path.stem + writer.suffix, kind)


def opened(site: Site, request: Request) -> Response:
    """A playlist of the recording's files from the moment `at` on."""
    recording = with_file_times(_recording(site, request))
    at_s = max(0.0, (seconds(request.query_params.get("at")) or 0.0) - BEFORE_S)
    number, file = file_at(recording, at_s)
    title = one_line(f"{recording.title}, {clock(at_s, 0).removesuffix('.0')}")
    first = Entry(file.path, title, at_s - file.start_s, None)
    rest = [Entry(later.path, recording.title, 0.0, None) for later in recording.files[number + 1 :]]
    return attachment(m3u([first, *rest], recording.title), f"{recording.path.stem}.m3u", M3U)


def all_of_one(site: Site, request: Request) -> Response:
    """All that is heard of a person as one playlist, by date; what is not there, or cannot be played, is left out."""
    writer = PLAYLISTS.get(request.path_params["kind"])
    if writer is None:
        raise HTTPException(404)
    number = whole(request.path_params["id"], -1)
    with site.archive.reading() as session:
        view = find_person(session, number)
        if view is None:
            raise HTTPException(404)
        found = sorted(recordings_of(session, number, MOST), key=lambda one: str(one.started_at or ""))
        spans = {} if view.name else {one.id: spans_of(session, number, one.id) for one in found}
    entries: list[Entry] = []
    for one in found:
        with suppress(RecordingError):
            entries += entries_in(site.archive.reading, text_to_path(one.path), view.called, spans.get(one.id))
    render, kind = writer
    return attachment(render(entries, view.called), f"{view.called}.{request.path_params['kind']}", kind)


def _recording(site: Site, request: Request) -> MarkedRecording:
    with site.archive.reading() as session:
        path = path_of_recording(session, whole(request.path_params["id"], -1))
        if path is None:
            raise RecordingError("there is no such recording", hint="it may have been removed since")
        return replace(load_recording(session, path), copies=())


def attachment(data: bytes, name: str, kind: str) -> Response:
    """A file to be kept, not shown; its name may hold anything (RFC 6266)."""
    plain = "".join(char if char.isascii() and (char.isalnum() or char in "._- ") else "_" for char in name)
    spelled = quote(name.encode("utf-8", "replace"), safe="")
    told = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{spelled}"
    return Response(data, headers={"Content-Disposition": told}, media_type=kind)
