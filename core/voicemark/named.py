"""A path as a person names it, turned into the one that its place is known by: absolute, and straight.

Links keep their names, as those below watched folders do. Only where `..` follows a link, the way up begins where the
link leads: the text alone would name another place.
"""

import os
from functools import partial
from pathlib import Path

from voicemark.patience import NoAnswerError, within_patience


def named(path: Path) -> Path:
    """The same place, absolute and without `.`, `..` and doubled slashes, whether or not anything is there.

    Asks the disk only where there is a `..`; of one that does not answer the text alone has to do.
    """
    here = path.absolute()
    if here.anchor == "/" and ".." not in here.parts:
        return here
    try:
        return within_patience(here, partial(_straight, here.parts[1:]))
    except (NoAnswerError, OSError):
        return Path("/", os.path.abspath(here).lstrip("/"))  # noqa: PTH100 (asks no disk)


def _straight(parts: tuple[str, ...]) -> Path:
    way = Path("/")
    for part in parts:
        if part != "..":
            way /= part
        else:
            way = (Path(os.path.realpath(way)) if way.is_symlink() else way).parent
    return way
