"""Bring a database to this program's schema; a copy of what it was is kept until the next time."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from alembic import command
from alembic.config import Config as AlembicConfig
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine

from voicemark.errors import DatabaseError
from voicemark.store.private import create_private
from voicemark.store.views import renew_views, views_are_stale

MIGRATIONS = Path(__file__).parent / "migrations"


def copy_before(path: Path) -> Path:
    """Where the copy is kept that is made before a migration."""
    return path.with_name(path.name + ".before-migration")


def is_current(engine: Engine, path: Path) -> bool:
    """Is nothing to be done? Only reads. Raises `DatabaseError` for a database of a newer program."""
    script = ScriptDirectory.from_config(_settings())
    head = script.get_current_head()
    with engine.connect() as connection:
        present = MigrationContext.configure(connection).get_current_revision()
        if present is not None and present not in {revision.revision for revision in script.walk_revisions()}:
            raise DatabaseError(
                f"was written by a newer voicemark (revision {present}; this one knows {head})",
                path=path,
                hint="upgrade voicemark, or set [database] url to another file",
            )
        return present == head and not views_are_stale(connection)


def migrate(reading: Engine, writing: Engine, path: Path) -> None:
    """Bring the schema to this program's revision; each migration and its record are one transaction."""
    settings = _settings()
    with reading.connect() as connection:
        present = MigrationContext.configure(connection).get_current_revision()
    if present != ScriptDirectory.from_config(settings).get_current_head():
        if present is not None:
            _keep_copy(path)
        with writing.connect() as connection:
            settings.attributes["connection"] = connection
            command.upgrade(settings, "head")
    with reading.connect() as connection:
        stale = views_are_stale(connection)
    if stale:
        with writing.begin() as connection:
            renew_views(connection)


def _settings() -> AlembicConfig:
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
