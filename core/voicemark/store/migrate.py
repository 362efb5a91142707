"""Bring a database to this program's schema; a copy of what it was is kept until the next time.

Alembic is loaded where something is to be migrated: whether it is, file names tell. A new database needs none.
"""

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine

from voicemark.errors import DatabaseError
from voicemark.store.new_database import make_tables
from voicemark.store.private import create_private
from voicemark.store.views import renew_views, views_are_stale

if TYPE_CHECKING:
    from alembic.config import Config as AlembicConfig

MIGRATIONS = Path(__file__).parent / "migrations"


def revisions() -> list[str]:
    """The revisions that this program knows, in order: the numbers that the names of the migrations begin with."""
    return sorted(file.name.split("_")[0] for file in (MIGRATIONS / "versions").glob("[0-9]*_*.py"))


def copy_before(path: Path) -> Path:
    """Where the copy is kept that is made before a migration."""
    return path.with_name(path.name + ".before-migration")


def is_current(engine: Engine, path: Path) -> bool:
    """Is nothing to be done? Only reads. Raises `DatabaseError` for a database of a newer program."""
    known = revisions()
    with engine.connect() as connection:
        present = _present(connection)
        if present is not None and present not in known:
            raise DatabaseError(
                f"was written by a newer voicemark (revision {present}; this one knows {known[-1]})",
                path=path,
                hint="upgrade voicemark, or set [database] url to another file",
            )
        return present == known[-1] and not views_are_stale(connection)


def migrate(reading: Engine, writing: Engine, path: Path) -> None:
    """Bring the schema to this program's revision; each migration and its record are one transaction."""
    with reading.connect() as connection:
        present = _present(connection)
    if present is None:
        with writing.begin() as connection:
            make_tables(connection, revisions()[-1])
    elif present != revisions()[-1]:
        _keep_copy(path)
        with writing.connect() as connection:
            upgrade(connection)
    with reading.connect() as connection:
        stale = views_are_stale(connection)
    if stale:
        with writing.begin() as connection:
            renew_views(connection)


def upgrade(connection: Connection) -> None:
    """All migrations that are not done yet, on an empty database all there are."""
    from alembic import command

    settings = _settings()
    settings.attributes["connection"] = connection
    command.upgrade(settings, "head")


def _present(connection: Connection) -> str | None:
    """The database's revision; None where it has no tables yet."""
    marked = connection.exec_driver_sql("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").first()
    row = connection.exec_driver_sql("SELECT version_num FROM alembic_version").first() if marked else None
    return None if row is None else str(row[0])


def _settings() -> "AlembicConfig":
    from alembic.config import Config as AlembicConfig

    settings = AlembicConfig()
    settings.set_main_option("script_location", str(MIGRATIONS))
    return settings


def _keep_copy(path: Path) -> None:
    """In place of the copy before. Raises `DatabaseError`; nothing has been changed then."""
    target = copy_before(path)
    part = target.with_name(target.name + ".part")
    try:
        part.unlink(missing_ok=True)
        os.close(create_private(part))
        with (
            closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as original,
            closing(sqlite3.connect(part)) as copy,
        ):
            original.backup(copy)
        part.replace(target)
    except (OSError, sqlite3.Error) as error:
        part.unlink(missing_ok=True)
        raise DatabaseError(
            f"no copy can be made before it is brought to this version: {error}",
            path=path,
            hint="free as much space as it takes, in its folder",
        ) from error
