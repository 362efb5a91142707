"""Sound: a turn, a marker or a span of a recording as a file to play, and as a line of how loud it is.

Recordings are asked for by the numbers of their rows. Why a sound cannot be had is told in words: in one line to what
plays it, as a page to who follows a link.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from typing import BinaryIO

from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from voicemark.errors import RecordingError, ToolError, Trouble, VoicemarkError
from voicemark.web.numbers import seconds, whole
from voicemark.web.site import Site, words_for
from voicemark.web.sound.clips import Clips, opened
from voicemark.web.sound.cutting import ChangedError, TooSlowError
from voicemark.web.sound.ranges import OutsideError, part_of
from voicemark.web.sound.stretch import NoSuchStretchError, Stretch, of_marker, of_span, of_turn
from voicemark.web.sound.wave import from_wave, level_line
from voicemark.web.sound.work import TooMuchError

AGAIN_S = 3
"""Whoever was sent away may come again after so long."""
BLOCK = 64 << 10
KEPT = "private, max-age=3600"

Find = Callable[[Session, Request], Stretch]


def routes(site: Site, clips: Clips) -> Sequence[BaseRoute]:
    """Their addresses."""
    made: list[BaseRoute] = []
    for path, find in (
        ("turn/{recording}/{number}", _turn),
        ("marker/{number}", _marker),
        ("{recording}", _span),
    ):
        made.append(
            Route(f"/clip/{path}", _endpoint(site, clips, find, _sound), methods=["GET"], name=f"clip{find.__name__}")
        )
        made.append(
            Route(f"/level/{path}", _endpoint(site, clips, find, _level), methods=["GET"], name=f"level{find.__name__}")
        )
    return made


def _turn(session: Session, request: Request) -> Stretch:
    asked = request.path_params
    return of_turn(session, whole(asked["recording"], -1), whole(asked["number"], -1))


def _marker(session: Session, request: Request) -> Stretch:
    return of_marker(session, whole(request.path_params["number"], -1))


def _span(session: Session, request: Request) -> Stretch:
    start_s, end_s = seconds(request.query_params.get("start")), seconds(request.query_params.get("end"))
    if start_s is None or end_s is None:
        raise NoSuchStretchError("say from when to when: ?start=12.5&end=20 (seconds)")
    return of_span(session, whole(request.path_params["recording"], -1), start_s, end_s)


Answer = Callable[[Request, BinaryIO, str], Response]


def _endpoint(site: Site, clips: Clips, find: Find, answer: Answer) -> Callable[[Request], object]:
    def found(request: Request) -> tuple[Stretch, BinaryIO | None]:
        with site.archive.reading() as session:
            stretch = find(session, request)
        return stretch, clips.kept(stretch)

    async def endpoint(request: Request) -> Response:
        try:
            stretch, clip = await run_in_threadpool(found, request)
            tag = f'"{clips.key(stretch)[:32]}"'
            if tag in request.headers.get("if-none-match", "")[:1000]:
                if clip is not None:
                    clip.close()
                return Response(status_code=304, headers={"ETag": tag, "Cache-Control": KEPT})
            if clip is None:
                clip = opened(await asyncio.wrap_future(clips.cut(stretch)))
        except TooMuchError:
            return _told(site, request, 503, "busy", None)
        except (RecordingError, ToolError) as error:
            return _told(site, request, *_meaning(error), error)
        response = await run_in_threadpool(answer, request, clip, tag)
        response.headers.update({"ETag": tag, "Cache-Control": KEPT})
        return response

    return endpoint


def _sound(request: Request, clip: BinaryIO, tag: str) -> Response:
    """The file or a part of it; what is read from it is closed with the answer."""
    size = clip.seek(0, 2)
    still_that = request.headers.get("if-range", tag) == tag
    try:
        part = part_of(request.headers.get("range") if still_that else None, size)
    except OutsideError:
        clip.close()
        return Response(status_code=416, headers={"Content-Range": f"bytes */{size}"})
    start, end = part or (0, size)
    headers = {"Accept-Ranges": "bytes", "Content-Length": str(end - start)}
    if part:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    return StreamingResponse(_blocks(clip, start, end), 206 if part else 200, headers, "audio/wav")


def _blocks(clip: BinaryIO, start: int, end: int) -> Iterator[bytes]:
    with clip:
        clip.seek(start)
        while start < end and (block := clip.read(min(BLOCK, end - start))):
            start += len(block)
            yield block


def _level(request: Request, clip: BinaryIO, tag: str) -> Response:
    with clip:
        return Response(level_line(from_wave(clip.read())), media_type="image/svg+xml")


def _meaning(error: VoicemarkError) -> tuple[int, str]:
    """Status and key of the words for an error."""
    if isinstance(error, NoSuchStretchError):
        return 404, "none"
    if isinstance(error, ChangedError):
        return 404, "changed"
    if isinstance(error, TooSlowError):
        return 503, "slow"
    if error.trouble is Trouble.PLACE:
        return 503, "away"
    return 404, "unheard"


def _told(site: Site, request: Request, status: int, key: str, error: VoicemarkError | None) -> Response:
    """Why there is no sound, in the reader's language."""
    headers = {"Retry-After": str(AGAIN_S)} if status == 503 else {}
    if "text/html" in request.headers.get("accept", ""):
        return site.page(request, "sound.html", status, headers, why=key, error=error)
    return PlainTextResponse(words_for(request)(f"nosound.{key}"), status, headers)
