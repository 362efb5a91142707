"""What a person asked for by a name that nothing here has: said, with the names that are near."""

import difflib
import sqlite3
from collections.abc import Collection, Iterable, Sequence
from pathlib import PurePosixPath

from voicemark.errors import ConfigError
from voicemark.store.queries import MarkerFilter

MOST_NAMES = 20
"""More than that nobody reads in one line."""

_TITLES = """
SELECT title FROM recordings UNION SELECT title FROM programmes UNION SELECT subtitle FROM programmes
"""
_CHANNELS = "SELECT channel FROM recordings UNION SELECT channel FROM programmes"
_TYPES = "SELECT genre FROM programmes UNION SELECT type_guess FROM programmes"


def check_voice(connection: sqlite3.Connection, wanted: str, *, part: bool) -> None:
    """Raises `ConfigError` that names near ones when no voice is called so, in any case; `part`: or holds it."""
    names = [name for (name,) in connection.execute("SELECT name FROM voices ORDER BY name")]
    sought = wanted.casefold()
    if not any(sought == name.casefold() or (part and sought in name.casefold()) for name in names):
        raise no_voice(wanted, names)


def no_voice(wanted: str, names: Collection[str]) -> ConfigError:
    """That none of the voices, which have these `names`, is called so."""
    return ConfigError(f"there is no voice '{wanted}'", hint=voices_near(wanted, names))


def voices_near(wanted: str, names: Collection[str]) -> str:
    """The nearest of the voices' `names`, or all of them."""
    near = _near(wanted, names)
    return _is_it(near) or f"the voices are: {', '.join(names) or 'none yet'}"


def check_asked(connection: sqlite3.Connection, wanted: MarkerFilter) -> None:
    """Of a question without an answer: raises `ConfigError` where a part of it fits nothing of what there is.

    Where nothing has a title, a channel or a type yet, nobody has mistyped one. Goes through all that there is, so it
    is for the case that nothing was found.
    """
    if wanted.recording is not None:
        paths = _all(connection, "SELECT path FROM recordings")
        if paths and not _is_in_any(wanted.recording, paths):
            sought = PurePosixPath(wanted.recording).name
            near = _near(
                sought, (kind for path in paths for kind in (PurePosixPath(path).name, PurePosixPath(path).stem))
            )
            hint = _is_it(near) or "`voicemark scan` adds it"
            raise ConfigError(f"no recording's path holds '{wanted.recording}'", hint=hint)
    asked = (("title", wanted.title, _TITLES), ("channel", wanted.channel, _CHANNELS), ("type", wanted.type, _TYPES))
    for kind, part, query in asked:
        names = [] if part is None else _all(connection, query)
        if part is None or not names or _is_in_any(part, names):
            continue
        near = _near(part, (kind for name in names for kind in (name, *name.split())))
        few = f"the {kind}s are: {', '.join(names)}" if len(names) <= MOST_NAMES else None
        raise ConfigError(f"no {kind} holds '{part}'", hint=_is_it(near) or few)


def _all(connection: sqlite3.Connection, query: str) -> list[str]:
    return [name for (name,) in connection.execute(query) if name]


def _is_in_any(part: str, names: Iterable[str]) -> bool:
    return any(part.casefold() in name.casefold() for name in names)


def _is_it(near: Sequence[str]) -> str | None:
    return f"is it {' or '.join(near)}?" if near else None


def _near(wanted: str, names: Iterable[str]) -> list[str]:
    folded = {name.casefold(): name for name in names}
    return [folded[name] for name in difflib.get_close_matches(wanted.casefold(), folded, n=3, cutoff=0.5)]
