"""What goes over the socket: one line of JSON there, one back, and the connection ends.

There: `{"voicemark": 1, "database": "/var/lib/voicemark/voicemark.db", "act": {"act": "name", …}}`.
Back: `{"done": {…}}`, or `{"error": {"kind": "ActError", "what": …, "path": …, "hint": …}}`.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from voicemark.errors import VoicemarkError
from voicemark.store.paths import path_to_text, text_to_path

VERSION = 1
MOST_BYTES = 1 << 20
"""Of a line: an act with the numbers of all recordings of a large archive is shorter."""


class WireError(VoicemarkError):
    """What came over the socket is not what is spoken there."""


@dataclass(frozen=True)
class Request:
    """An act as it came, not looked at yet, and the database that it is meant for."""

    database: Path
    act: dict[str, Any]


def write_request(request: Request) -> bytes:
    """The line for it."""
    told = {"voicemark": VERSION, "database": path_to_text(request.database), "act": request.act}
    return _line(told)


def read_request(line: bytes) -> Request:
    """What a line asks for. Raises `WireError` for anything that is no request."""
    told = _read(line)
    database, act = told.get("database"), told.get("act")
    if told.get("voicemark") != VERSION:
        raise WireError(f"speaks another language than version {VERSION}", hint="restart the service after an upgrade")
    if not isinstance(database, str) or not isinstance(act, dict) or "\0" in database:
        raise WireError("is no request")
    return Request(text_to_path(database), act)


def write_done(done: dict[str, Any]) -> bytes:
    """The line that tells what was done."""
    return _line({"done": done})


def write_error(error: VoicemarkError) -> bytes:
    """The line that tells why not."""
    told = {"kind": _name(type(error)), "what": error.what, "path": error.path, "hint": error.hint}
    return _line({"error": told})


def read_answer(line: bytes) -> dict[str, Any]:
    """What was done. Raises the `VoicemarkError` that the other end met with (of its own class, where that is one of
    this program's), and `WireError` for what is no answer."""
    told = _read(line)
    error, done = told.get("error"), told.get("done")
    if isinstance(error, dict) and isinstance(error.get("what"), str):
        kind = _kinds().get(str(error.get("kind")), VoicemarkError)
        raise kind(error["what"], path=_text(error.get("path")), hint=_text(error.get("hint")))
    if not isinstance(done, dict):
        raise WireError("the service's answer is none")
    return done


def _kinds() -> dict[str, type[VoicemarkError]]:
    """Classes by their name; those that are made otherwise than the family are left out."""
    found: dict[str, type[VoicemarkError]] = {}
    rest = [VoicemarkError]
    while rest:
        kind = rest.pop()
        rest += kind.__subclasses__()
        if kind.__init__ is VoicemarkError.__init__:
            found[_name(kind)] = kind
    return found


def _name(kind: type[VoicemarkError]) -> str:
    """With its module: several may have one name."""
    return f"{kind.__module__}.{kind.__qualname__}"


def _line(told: dict[str, Any]) -> bytes:
    return json.dumps(told).encode("ascii") + b"\n"


def _read(line: bytes) -> dict[str, Any]:
    try:
        told = json.loads(line)
    except (ValueError, RecursionError):
        raise WireError("is no line of JSON") from None
    if not isinstance(told, dict):
        raise WireError("is no request")
    return told


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
