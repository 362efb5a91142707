"""What recorder hooks leave for the service: one small file per request, in a folder.

A hook must return at once and may run as another user, so it only leaves a note: *look at this recording*, *this one
is gone*. Requests are hints: the service looks for itself, and its regular look at the folders finds what a lost
request would have told.

The format, version 1, is a JSON object in a file named `*.json`:

    {"voicemark": 1, "recorder": "vdr", "event": "after", "path_hex": "2f7372762f…", "source_hex": null}

Paths are bytes, and not all bytes are UTF-8, so they stand in hexadecimal: that also keeps quotes and newlines in
names from harming a shell script that writes them. A request appears under its name complete (written under another
name, then renamed).
"""

import json
import logging
import os
import stat
import time
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from voicemark import files
from voicemark.errors import VoicemarkError

log = logging.getLogger(__name__)

VERSION = 1
SUFFIX = ".json"
MAX_BYTES = 64 * 1024
"""A longer file is no request: a path has at most 4,096 bytes."""
MAX_REQUESTS = 1000
"""At most so many are taken at once; the others wait in the folder."""
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
    name = f"{time.time_ns()}-{os.getpid()}-{request.recorder}"
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
    raises: files are removed with a warning, other things are passed over. A folder that does not exist holds no
    requests. Raises `VoicemarkError` when the folder cannot be read.
    """
    try:
        with os.scandir(folder) as entries:
            found = sorted((_age(entry), entry.name) for entry in entries if _is_ours(entry))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise VoicemarkError(
            f"requests cannot be read: {error.strerror}", path=folder, hint="give the service's user the right to"
        ) from error
    requests: dict[Request, None] = {}
    for _, name in found[:MAX_REQUESTS]:
        file = folder / name
        try:
            request = parse_request(_read(file))
        except OSError as error:
            log.warning("%r is passed over: %s", name, error.strerror)
            continue
        except ValueError as error:
            log.warning("%r is no request: %s", name, error)
        else:
            requests.setdefault(request)
        try:
            file.unlink(missing_ok=True)
        except OSError as error:
            log.warning("%r was taken but cannot be removed: %s", name, error.strerror)
    return list(requests)


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
    recorder, event = fields.get("recorder"), fields.get("event")
    if not isinstance(recorder, str) or not isinstance(event, str):
        raise ValueError("recorder and event must be words")
    path = _path(fields.get("path_hex"))
    if path is None:
        raise ValueError("without a path")
    source = _path(fields.get("source_hex"))
    if recorder == "vdr" and event == "deleted" and path.suffix == ".del":
        # VDR reports the name that the directory has after deletion (recording.c, cRecording::Delete).
        path = path.with_suffix(".rec")
    return Request(recorder, event, path, source)


def _path(value: object) -> Path | None:
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise ValueError("a path must be hexadecimal")
    data = bytes.fromhex(value)
    if not data.startswith(b"/") or b"\0" in data:
        raise ValueError("a path must be absolute")
    # VDR writes `-v` paths as it was given them; `//srv` and `/srv/` are the same place.
    return Path("/" + os.fsdecode(data).strip("/"))


def _is_ours(entry: os.DirEntry[str]) -> bool:
    """Whether `entry` may be a request; half-written ones of killed hooks are removed on the way."""
    if entry.name.endswith(files.PART_SUFFIX):
        try:
            if time.time() - entry.stat(follow_symlinks=False).st_mtime > STALE_PART_S:
                Path(entry.path).unlink()
        except OSError:
            pass
        return False
    return entry.name.endswith(SUFFIX)


def _age(entry: os.DirEntry[str]) -> int:
    try:
        return entry.stat(follow_symlinks=False).st_mtime_ns
    except OSError:
        return 0


def _read(file: Path) -> bytes:
    """At most `MAX_BYTES + 1` bytes of a regular file; links are not followed and pipes do not block."""
    descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(0, "not a file")
        with os.fdopen(descriptor, "rb", closefd=False) as opened:
            return opened.read(MAX_BYTES + 1)
    finally:
        os.close(descriptor)
