"""SQLite's errors in this program's words: what happened to which file, and what to do."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from voicemark.errors import DatabaseError
from voicemark.rights import who_may


class DatabaseUnavailableError(DatabaseError):
    """Locked, full or read-only: it may be usable again in a while, and nothing is lost until then."""


class DatabaseLostError(DatabaseError):
    """The file that was opened is no longer the one at its path; nothing may be written to what has no name."""

    def __init__(self, what: str, *, path: Path, hint: str, replaced: bool) -> None:
        super().__init__(what, path=path, hint=hint)
        self.replaced = replaced
        """Another file is there: what was known of the old one does not hold for it."""


LOCKED = ("is locked by another program", "end what holds it open (an sqlite3 shell with BEGIN?) and try again")
READ_ONLY = (
    "is read-only",
    "give this user the right to write the file and its folder; is the disk mounted so?",
)
FULL = ("the disk is full", "free some space; what was being written will be done again")

_ADVICE = (
    ("is locked", *LOCKED),
    ("readonly", *READ_ONLY),
    ("unable to open", "cannot be opened", "check that the path exists and may be read and written"),
    ("is full", *FULL),
    ("disk i/o", "the disk reported an error", "check space and health of the disk"),
    ("not a database", "is no SQLite database", "set [database] url to another file, or restore a backup"),
    ("malformed", "is damaged", "restore a backup, or move it away and scan again"),
    ("already exists", "holds tables of something else", "set [database] url to another file"),
)

_PASSING = ("is locked", "readonly", "is full")


def read_only(path: Path) -> tuple[str, str]:
    """What is to be said of a database that cannot be written: whose it is, where that is why."""
    others = [place for place in (path.parent, path) if place.exists() and not os.access(place, os.W_OK)]
    if not others or os.statvfs(path.parent).f_flag & os.ST_RDONLY:
        return READ_ONLY
    return READ_ONLY[0], who_may(others[0])


@contextmanager
def in_words(path: Path) -> Iterator[None]:
    """SQLite's errors as `DatabaseError`s that say what to do."""
    try:
        yield
    except sqlite3.Error as error:
        raise explained(path, error) from error


def explained(path: Path, error: BaseException) -> DatabaseError:
    """What SQLite's `error` means for the database at `path`."""
    text = str(error)
    if "unable to open" in text and path.exists() and os.statvfs(path).f_flag & os.ST_RDONLY:
        text = "readonly"  # Even a reader needs to write beside a database in WAL mode.
    for sign, what, hint in _ADVICE:
        if sign in text.lower():
            if what == READ_ONLY[0]:
                hint = read_only(path)[1]
            kind = DatabaseUnavailableError if sign in _PASSING else DatabaseError
            return kind(what, path=path, hint=hint)
    return DatabaseError(f"SQLite: {text}", path=path)
