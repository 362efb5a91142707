"""How long each voice and each person is heard is kept as sums; who speaks long is indexed."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

# Sums are kept in hundredths, which are whole numbers: what is added and taken away again leaves nothing behind.
SPEAKER = "CAST(round({row}.seconds * 100) AS INTEGER)"
OF_MEMBER = (
    "coalesce((SELECT CAST(round(s.seconds * 100) AS INTEGER) FROM local_speakers s "
    "WHERE s.recording_id = {row}.recording_id AND s.number = {row}.number), 0)"
)


def upgrade() -> None:
    """Make the tables and fill them with what is there; triggers keep those of persons up to date."""
    _voices()
    _persons()
    op.create_index("ix_local_speakers_seconds", "local_speakers", ["seconds"])


def _voices() -> None:
    op.create_table(
        "voice_sums",
        sa.Column("voice_id", sa.Integer(), nullable=False),
        sa.Column("recording_id", sa.Integer(), nullable=False),
        sa.Column("markers", sa.Integer(), nullable=False),
        sa.Column("hundredths", sa.Integer(), nullable=False),
        sa.Column("least_score", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["voice_id"], ["voices.id"], name="fk_voice_sums_voice_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["recording_id"], ["recordings.id"], name="fk_voice_sums_recording_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("voice_id", "recording_id", name="pk_voice_sums"),
        sqlite_with_rowid=False,
    )
    op.execute(
        "INSERT INTO voice_sums SELECT voice_id, recording_id, count(*), "
        "sum(CAST(round((end_s - start_s) * 100) AS INTEGER)), min(score) FROM markers GROUP BY voice_id, recording_id"
    )
    op.create_index("ix_voice_sums_recording_id", "voice_sums", ["recording_id"])
    op.create_index("ix_voice_sums_least_score", "voice_sums", ["least_score"])


def _persons() -> None:
    op.create_table(
        "person_sums",
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("recordings", sa.Integer(), nullable=False),
        sa.Column("hundredths", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name="fk_person_sums_person_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("person_id", name="pk_person_sums"),
    )
    op.execute(
        "INSERT INTO person_sums SELECT m.person_id, count(DISTINCT m.recording_id), "
        f"sum({OF_MEMBER.format(row='m')}) FROM memberships m GROUP BY m.person_id"
    )
    another = (
        "(NOT EXISTS (SELECT 1 FROM memberships o WHERE o.person_id = {row}.person_id "
        "AND o.recording_id = {row}.recording_id AND o.number <> {row}.number))"
    )
    added = (
        f"INSERT INTO person_sums VALUES (new.person_id, {another.format(row='new')}, {OF_MEMBER.format(row='new')}) "
        "ON CONFLICT (person_id) "
        "DO UPDATE SET recordings = recordings + excluded.recordings, hundredths = hundredths + excluded.hundredths;"
    )
    taken = (
        f"UPDATE person_sums SET recordings = recordings - {another.format(row='old')}, "
        f"hundredths = hundredths - {OF_MEMBER.format(row='old')} WHERE person_id = old.person_id; "
        "DELETE FROM person_sums WHERE person_id = old.person_id AND recordings = 0;"
    )
    _kept("memberships", "person_sums", ("recording_id", "number", "person_id"), added, taken)
    whose = (
        "person_id = (SELECT m.person_id FROM memberships m "
        "WHERE m.recording_id = {row}.recording_id AND m.number = {row}.number)"
    )
    longer, shorter = (
        f"UPDATE person_sums SET hundredths = hundredths {sign} {SPEAKER.format(row=row)} "
        f"WHERE {whose.format(row=row)};"
        for sign, row in (("+", "new"), ("-", "old"))
    )
    _kept("local_speakers", "person_sums_by_speaker", ("recording_id", "number", "seconds"), longer, shorter)


def _kept(table: str, what: str, columns: tuple[str, ...], added: str, taken: str) -> None:
    """Triggers of `table`: one for a new row, one for a row that goes, one for a row that changes."""
    op.execute(f"CREATE TRIGGER {what}_added AFTER INSERT ON {table} BEGIN {added} END")
    op.execute(f"CREATE TRIGGER {what}_taken AFTER DELETE ON {table} BEGIN {taken} END")
    old, new = (", ".join(f"{row}.{column}" for column in columns) for row in ("old", "new"))
    op.execute(
        f"CREATE TRIGGER {what}_changed AFTER UPDATE OF {', '.join(columns)} ON {table} WHEN ({old}) <> ({new}) "
        f"BEGIN {taken} {added} END"
    )
