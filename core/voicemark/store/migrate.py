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
from voicemark.store import revision
from voicemark.store.connections import driver
from voicemark.store.new_database import make_tables
from voicemark.store.private import create_private
from voicemark.store.views import renew_views, views_are_stale

if TYPE_CHECKING:
    from alembic.config import Config as AlembicConfig


def copy_before(path: Path) -> Path:
    """Where the copy is kept that is made before a migration."""
    return path.with_name(path.name + ".before-migration")


def migrate(reading: Engine, writing: Engine, path: Path) -> None:
    """Bring the schema to this program's revision; each migration and its record are one transaction."""
    with reading.connect() as connection:
        present = revision.revision_of(driver(connection), path)
    if present is None:
        with writing.begin() as connection:
            make_tables(connection, revision.revisions()[-1])
    elif present != revision.revisions()[-1]:
        _keep_copy(path)
        with writing.connect() as connection:
            upgrade(connection)
    with reading.connect() as connection:
        stale = views_are_stale(driver(connection))
    if stale:
        with writing.begin() as connection:
            renew_views(driver(connection))


def upgrade(connection: Connection) -> None:
    """All migrations that are not done yet, on an empty database all there are."""
    from alembic import command

    settings = _settings()
    settings.attributes["connection"] = connection
    command.upgrade(settings, "head")


def _settings() -> "AlembicConfig":
    from alembic.config import Config as AlembicConfig

    settings = AlembicConfig()
    settings.set_main_option("script_location", str(revision.MIGRATIONS))
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
