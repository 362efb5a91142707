"""What all migrations together make of an empty database, as statements.

`python -m voicemark.store.all_migrations` writes them down for new databases. It is run whenever a migration was added
or changed; a test compares.
"""

import sqlite3
import sys
import tempfile
from contextlib import closing
from pathlib import Path

from voicemark.store.connections import writer
from voicemark.store.migrate import upgrade
from voicemark.store.new_database import STATEMENTS


def statements() -> str:
    """What makes the tables, indexes and triggers; without views, which are no part of migrations."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "voicemark.db"
        migrate_empty(path)
        with closing(sqlite3.connect(path)) as connection:
            rows = connection.execute("SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY rowid")
            found = [(str(kind), str(name), str(sql).strip()) for kind, name, sql in rows]
    virtual = tuple(f"{name}_" for _kind, name, sql in found if sql.startswith("CREATE VIRTUAL"))
    made = (
        sql
        for kind, name, sql in found
        if not name.startswith("sqlite_") and not (kind == "table" and name.startswith(virtual))
    )
    return "".join(f"{sql};\n\n" for sql in made).rstrip() + "\n"


def migrate_empty(path: Path) -> None:
    """Make a database at `path` by all migrations, one after another."""
    path.touch()
    engine = writer(path, 0.0)
    with engine.connect() as connection:
        upgrade(connection)
    engine.dispose()


if __name__ == "__main__":
    STATEMENTS.write_text(statements(), encoding="utf-8")
    sys.stdout.write(f"{STATEMENTS}\n")
