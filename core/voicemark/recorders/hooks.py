"""What recorder hooks leave for the service: one small file per request, in a folder.

A hook must return at once and may run as another user, so it only leaves a note: *look at this recording*, *this one
is gone*. Requests are hints: the service looks for itself, and its regular look at the folders finds what a lost
request would have told.

The format, version 1, is a JSON object in a file named `*.json`:

    {"voicemark": 1, "recorder": "vdr", "event": "after", "path_hex": "2f7372762f…", "source_hex": null}

Paths are bytes, and not all bytes are UTF-8, so they stand in hexadecimal: that also keeps quotes and newlines in
names from harming a shell script that writes them. A request appears under its name complete (written under another
name, then renamed). `recorder` and `event` are words of at most 32 of the characters `a-z0-9_-`; paths are absolute, as
long as Linux allows them, and without `..`.
"""

import json
import logging
import os
import re
import time
from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any

from voicemark import files
from voicemark.errors import VoicemarkError
from voicemark.foreign import OWN_FOLDER, read_bytes
from voicemark.patience import NoAnswerError, within_patience

log = logging.getLogger(__name__)

VERSION = 1
SUFFIX = ".json"
PART_SUFFIX = ".part"
MAX_BYTES = 64 * 1024
"""A longer file is no request: a path has at most 4,096 bytes."""
MAX_REQUESTS = 1000
"""At most so many are taken at once; the others wait in the folder."""
MAX_SEEN = 5000
"""Of more that wait, the oldest of so many are taken: they come in whatever order the folder has."""
MAX_PATH, MAX_NAME = 4095, 255
"""Bytes that Linux allows in a path and in each of its names."""
MAX_STUBBORN = 100_000
"""So many files that can be neither read nor removed are remembered, and not tried again."""
_WORD = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")
STALE_PART_S = 3600.0
"""A half-written request of a killed hook is removed after so long."""


class RequestKind(StrEnum):
    """What a request asks for."""

    LOOK = "look"
    """The recording is finished or has changed: look at it."""
    BUSY = "busy"
    """The recorder begins to write it: leave it alone until it is finished."""
    GONE = "gone"
    """The recording was deleted (perhaps to be undeleted)."""
    MOVED = "moved"
    """The recording has a new name; `source` is the old one."""


_KINDS = {
    "before": RequestKind.BUSY,
    "started": RequestKind.BUSY,
    "after": RequestKind.LOOK,
    "editing": RequestKind.BUSY,
    "edited": RequestKind.LOOK,
    "deleted": RequestKind.GONE,
    "copying": RequestKind.BUSY,
    "copied": RequestKind.LOOK,
    "renamed": RequestKind.MOVED,
    "moved": RequestKind.MOVED,
    "finished": RequestKind.LOOK,
    "aborted": RequestKind.LOOK,
}
"""By the recorders' own words: VDR's (INSTALL, "Executing commands before and after a recording"), and `finished`,
`aborted` and `deleted` from the hooks of the others."""


@dataclass(frozen=True)
class Request:
    """One note that a hook left."""

    recorder: str
    """`vdr`, `tvheadend`, `enigma2`, `mythtv` or `plain`."""
    event: str
    """The recorder's own word for what happened."""
    path: Path
    """The recording: its directory (VDR) or file. Absolute."""
    source: Path | None = None
    """Where it was before (moved), or what it was made from (edited, copied)."""

    @property
    def kind(self) -> RequestKind:
        """What to do; a word that is not known asks for a look."""
        return _KINDS.get(self.event, RequestKind.LOOK)


def leave_request(folder: Path, request: Request) -> Path:
    """Write `request` into `folder`, as a hook does. Returns the file. Raises `VoicemarkError` when it cannot."""
    data = json.dumps(
        {
            "voicemark": VERSION,
            "recorder": request.recorder,
            "event": request.event,
            "path_hex": os.fsencode(request.path).hex(),
            "source_hex": None if request.source is None else os.fsencode(request.source).hex(),
        }
    )
    name = f"{time.time_ns()}-{os.getpid()}-{os.urandom(8).hex()}-{request.recorder}"
    final = folder / (name + SUFFIX)
    try:
        files.write_bytes(final, data.encode())
    except OSError as error:
        raise VoicemarkError(
            f"a request cannot be left there: {error.strerror}",
            path=folder,
            hint="make the folder, and give the recorder's user the right to write there",
        ) from error
    return final


def take_requests(folder: Path) -> list[Request]:
    """Read and remove the requests in `folder`, oldest first; one that asks the same as an earlier one is left out.

    Junk (other contents, another version, too long, links, a name that ends in `.json` without being a file) never
    raises and never stands in the way: files are removed with a warning, other things are passed over, and what can
    neither be read nor removed is tried once. A folder that does not exist holds no requests. Raises `VoicemarkError`
    when the folder cannot be read.
    """
    try:
        waiting = within_patience(folder, lambda: _waiting(folder))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise VoicemarkError(
            f"requests cannot be read: {error.strerror}", path=folder, hint="give the service's user the right to"
        ) from error
    requests: dict[Request, None] = {}
    for age, name in waiting[:MAX_REQUESTS]:
        file = folder / name
        try:
            requests.setdefault(parse_request(read_bytes(file, MAX_BYTES + 1, OWN_FOLDER)))
        except FileNotFoundError:
            continue
        except NoAnswerError:
            break
        except OSError as error:
            log.warning("%r cannot be read: %s", name, error.strerror)
        except ValueError as error:
            log.warning("%r is no request: %s", name, error)
        try:
            within_patience(file, partial(file.unlink, missing_ok=True))
        except OSError as error:
            log.warning("%r cannot be removed, and is not looked at again: %s", name, error.strerror)
            _stubborn[folder, name, age] = None
            while len(_stubborn) > MAX_STUBBORN:
                _stubborn.popitem(last=False)
    return list(requests)


_stubborn: "OrderedDict[tuple[Path, str, int], None]" = OrderedDict()


def _waiting(folder: Path) -> list[tuple[int, str]]:
    """Time (ns) and name of requests that wait, oldest first; half-written ones of killed hooks are removed."""
    found: list[tuple[int, str]] = []
    with os.scandir(folder) as entries:
        for entry in entries:
            with suppress(OSError):
                if not entry.is_file(follow_symlinks=False):
                    continue
                if entry.name.endswith(PART_SUFFIX):
                    if time.time() - entry.stat(follow_symlinks=False).st_mtime > STALE_PART_S:
                        Path(entry.path).unlink()
                elif entry.name.endswith(SUFFIX):
                    age = entry.stat(follow_symlinks=False).st_mtime_ns
                    if (folder, entry.name, age) not in _stubborn:
                        found.append((age, entry.name))
            if len(found) >= MAX_SEEN:
                break
    return sorted(found)


def parse_request(data: bytes) -> Request:
    """The request in `data`. Raises `ValueError` that says what is wrong."""
    if len(data) > MAX_BYTES:
        raise ValueError("too long")
    try:
        fields: Any = json.loads(data)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(fields, dict) or fields.get("voicemark") != VERSION:
        raise ValueError(f"not a request of version {VERSION}")
    recorder, event = _word(fields.get("recorder")), _word(fields.get("event"))
    path = _path(fields.get("path_hex"))
    if path is None:
        raise ValueError("without a path")
    source = _path(fields.get("source_hex"))
    if recorder == "vdr" and event == "deleted" and path.suffix == ".del":
        # VDR reports the name that the directory has after deletion (recording.c, cRecording::Delete).
        path = path.with_suffix(".rec")
    return Request(recorder, event, path, source)


def _word(value: object) -> str:
    if not isinstance(value, str) or not _WORD.fullmatch(value):
        raise ValueError("recorder and event must be words")
    return value


def _path(value: object) -> Path | None:
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise ValueError("a path must be hexadecimal")
    data = bytes.fromhex(value)
    if not data.startswith(b"/") or b"\0" in data:
        raise ValueError("a path must be absolute")
    names = data.split(b"/")
    if len(data) > MAX_PATH or any(len(name) > MAX_NAME for name in names):
        raise ValueError("no path is so long")
    if b".." in names:
        raise ValueError("a path must not lead back up")
    # VDR writes `-v` paths as it was given them; `//srv` and `/srv/` are the same place.
    return Path("/" + os.fsdecode(data).strip("/"))
