"""Of which version a database is, and whether that is this program's: file names and one row tell."""

import sqlite3
from pathlib import Path

from voicemark.errors import DatabaseError
from voicemark.store.views import views_are_stale

MIGRATIONS = Path(__file__).parent / "migrations"


def revisions() -> list[str]:
    """The revisions that this program knows, in order: the numbers that the names of the migrations begin with."""
    return sorted(file.name.split("_")[0] for file in (MIGRATIONS / "versions").glob("[0-9]*_*.py"))


def revision_of(connection: sqlite3.Connection) -> str | None:
    """The database's revision; None where it has no tables yet."""
    marked = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone()
    row = connection.execute("SELECT version_num FROM alembic_version").fetchone() if marked else None
    return None if row is None else str(row[0])


def is_current(connection: sqlite3.Connection, path: Path) -> bool:
    """Is nothing to be done? Only reads. Raises `DatabaseError` for a database of a newer program."""
    known = revisions()
    present = revision_of(connection)
    if present is not None and present not in known:
        raise DatabaseError(
            f"was written by a newer voicemark (revision {present}; this one knows {known[-1]})",
            path=path,
            hint="upgrade voicemark, or set [database] url to another file",
        )
    return present == known[-1] and not views_are_stale(connection)
