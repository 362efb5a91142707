"""A new database is made as all migrations together would leave it, in one transaction and without Alembic.

`migrations/new.sql` holds the statements. `voicemark.store.all_migrations` writes it.
"""

import sqlite3
import uuid
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import Connection

from voicemark.store.identity import OWN_ID

STATEMENTS = Path(__file__).parent / "migrations" / "new.sql"


def make_tables(connection: Connection, revision: str) -> None:
    """All tables, indexes and triggers in an empty database, its own id, and the `revision` that they are of."""
    for statement in split(STATEMENTS.read_text(encoding="utf-8")):
        connection.exec_driver_sql(statement)
    connection.exec_driver_sql("INSERT INTO about VALUES (?, ?)", (OWN_ID, uuid.uuid4().hex))
    connection.exec_driver_sql("INSERT INTO alembic_version VALUES (?)", (revision,))


def split(script: str) -> Iterator[str]:
    """Its statements, one by one; those of triggers hold semicolons themselves."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement.strip()
            statement = ""
