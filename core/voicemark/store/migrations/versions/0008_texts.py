"""Titles and descriptions can be searched by words; programmes lead to their recordings."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

INDEXED = {
    "recording_texts": ("recordings", ("title", "subtitle", "channel")),
    "programme_texts": ("programmes", ("title", "subtitle", "description", "channel")),
}


def upgrade() -> None:
    """Make the indexes, keep them up to date by triggers, and fill them with what is there."""
    op.create_index("ix_recording_programmes_programme", "recording_programmes", ["programme_id", "recording_id"])
    for index, (table, columns) in INDEXED.items():
        names = ", ".join(columns)
        old, new = (", ".join(f"{row}.{column}" for column in columns) for row in ("old", "new"))
        differ = " OR ".join(f"old.{column} IS NOT new.{column}" for column in columns)
        op.execute(
            f"CREATE VIRTUAL TABLE {index} USING fts5({names}, content='{table}', content_rowid='id', "
            "tokenize='unicode61 remove_diacritics 2')"
        )
        added = f"INSERT INTO {index}(rowid, {names}) VALUES (new.id, {new});"
        taken = f"INSERT INTO {index}({index}, rowid, {names}) VALUES ('delete', old.id, {old});"
        op.execute(f"CREATE TRIGGER {index}_added AFTER INSERT ON {table} BEGIN {added} END")
        op.execute(f"CREATE TRIGGER {index}_taken AFTER DELETE ON {table} BEGIN {taken} END")
        op.execute(
            f"CREATE TRIGGER {index}_changed AFTER UPDATE OF id, {names} ON {table} WHEN old.id <> new.id OR {differ} "
            f"BEGIN {taken} {added} END"
        )
        op.execute(f"INSERT INTO {index}({index}) VALUES ('rebuild')")
