"""Of which version a database is, and whether that is this program's: file names and one row tell."""

import sqlite3
from pathlib import Path

from voicemark.errors import DatabaseError
from voicemark.store.views import views_are_stale

MIGRATIONS = Path(__file__).parent / "migrations"
OURS = frozenset({"alembic_version", "recordings", "voices", "markers"})
"""Tables that every database of this program has had."""


def revisions() -> list[str]:
    """The revisions that this program knows, in order: the numbers that the names of the migrations begin with."""
    return sorted(file.name.split("_")[0] for file in (MIGRATIONS / "versions").glob("[0-9]*_*.py"))


def revision_of(connection: sqlite3.Connection, path: Path) -> str | None:
    """The revision of the database at `path`; None where there is nothing in it yet. Only reads.

    Raises `DatabaseError` for one that holds something else: nothing of this program's is to be put there.
    """
    names = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    if not names:
        return None
    row = connection.execute("SELECT version_num FROM alembic_version").fetchone() if names >= OURS else None
    if row is None:
        raise DatabaseError(
            "is a database of another program; nothing was changed in it",
            path=path,
            hint="set [database] url to a file of voicemark's own",
        )
    return str(row[0])


def is_current(connection: sqlite3.Connection, path: Path) -> bool:
    """Is nothing to be done? Only reads. Raises `DatabaseError` where a newer, or another, program wrote it."""
    known = revisions()
    present = revision_of(connection, path)
    if present is not None and present not in known:
        raise DatabaseError(
            f"was written by a newer voicemark (revision {present}; this one knows {known[-1]})",
            path=path,
            hint="upgrade voicemark, or set [database] url to another file",
        )
    return present == known[-1] and not views_are_stale(connection)
