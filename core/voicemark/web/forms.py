"""What a form says: a few short fields, read within bounds."""

import asyncio
from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException
from starlette.requests import Request

from voicemark.web import patience

LARGEST, MOST_FIELDS = 64 << 10, 300


async def read_form(request: Request) -> list[tuple[str, str]]:
    """The fields of a form, in their order. Raises `HTTPException` for what is too large, or no form."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    try:
        async with asyncio.timeout(patience.BODY_WITHIN_S):
            body = await _body(request)
    except TimeoutError as error:
        raise HTTPException(408) from error
    if body and kind != "application/x-www-form-urlencoded":
        raise HTTPException(415)
    try:
        return parse_qsl(body.decode("utf-8"), keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except (UnicodeDecodeError, ValueError) as error:
        raise HTTPException(400) from error


async def _body(request: Request) -> bytes:
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > LARGEST:
            raise HTTPException(413)
    return body


def way_back(told: str) -> str:
    """A path of this page, to go back to; the first page for anything else, such as another site's address."""
    plain = told.startswith("/") and not told.startswith(("//", "/\\")) and told.isascii() and told.isprintable()
    return told if plain and "\\" not in told and len(told) <= 2000 else "/"
