"""What leaves the page as a file: a recording's markers in every format, playlists that open a player at a place."""

from collections.abc import Sequence
from dataclasses import replace
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from voicemark.errors import RecordingError
from voicemark.export.base import MarkedRecording, clock, one_line
from voicemark.export.load import load_recording, with_file_times, with_frames
from voicemark.export.players import file_at
from voicemark.export.playlist import Entry, m3u
from voicemark.export.write import WRITERS
from voicemark.store.recording_view import path_of_recording
from voicemark.web.numbers import seconds, whole
from voicemark.web.routing import page
from voicemark.web.site import Site

TYPES = {".json": "application/json", ".csv": "text/csv; charset=utf-8", ".xml": "application/xml", ".vtt": "text/vtt"}
M3U = "audio/x-mpegurl"
BEFORE_S = 1.0
"""A player begins so long before the place."""


def routes(site: Site) -> Sequence[BaseRoute]:
    """Their addresses."""
    return [
        page("/recordings/{id}/export/{format}", site, exported),
        page("/recordings/{id}/play.m3u", site, opened),
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
