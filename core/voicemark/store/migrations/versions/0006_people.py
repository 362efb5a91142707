"""People across recordings: numbers, whose local speakers they are, and what a person said of it."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables; everybody who is enrolled gets a number."""
    _who_somebody_is()
    _what_was_said()
    op.execute(
        "INSERT INTO persons (kind, voice_id, by, created_at) SELECT 'person', id, 'person', enrolled_at FROM voices"
    )


def _who_somebody_is() -> None:
    op.create_table(
        "persons",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("voice_id", sa.Integer(), nullable=True),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["voice_id"], ["voices.id"], name=op.f("fk_persons_voice_id"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_persons")),
        sa.UniqueConstraint("voice_id", name=op.f("uq_persons_voice_id")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "memberships",
        *_local_speaker(),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("placed_by", sa.String(), nullable=False),
        sa.Column("score", sa.Double(), nullable=True),
        *_of_recording_and_person("memberships"),
        sa.PrimaryKeyConstraint("recording_id", "number", name=op.f("pk_memberships")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_memberships_person", "memberships", ["person_id"])
    op.create_table(
        "cannot_links",
        *_local_speaker(),
        sa.Column("person_id", sa.Integer(), nullable=False),
        *_of_recording_and_person("cannot_links"),
        sa.PrimaryKeyConstraint("recording_id", "number", "person_id", name=op.f("pk_cannot_links")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_cannot_links_person", "cannot_links", ["person_id"])


def _what_was_said() -> None:
    op.create_table(
        "acts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("message", sa.String(), nullable=False),
        sa.Column("undone_at", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_acts")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "act_changes",
        sa.Column("act_id", sa.Integer(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("recording_id", sa.Integer(), nullable=True),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.Column("before", sa.String(), nullable=True),
        sa.Column("after", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["act_id"], ["acts.id"], name=op.f("fk_act_changes_act_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["recording_id"], ["recordings.id"], name=op.f("fk_act_changes_recording_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("act_id", "ordinal", name=op.f("pk_act_changes")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_act_changes_recording", "act_changes", ["recording_id"])
    op.create_table(
        "statements",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("act_id", sa.Integer(), nullable=True),
        sa.Column("said_at", sa.DateTime(), nullable=False),
        sa.Column("content", sa.String(), nullable=False),
        sa.Column("start_s", sa.Double(), nullable=False),
        sa.Column("end_s", sa.Double(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("answer", sa.String(), nullable=False),
        sa.Column("about", sa.String(), nullable=False),
        sa.Column("speaker", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["act_id"], ["acts.id"], name=op.f("fk_statements_act_id"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(
            ["person_id"], ["persons.id"], name=op.f("fk_statements_person_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_statements")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_statements_content", "statements", ["content"])
    op.create_index("ix_statements_person", "statements", ["person_id"])
    op.create_index("ix_statements_act_id", "statements", ["act_id"])
    op.create_table(
        "said",
        sa.Column("content", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("content", name=op.f("pk_said")),
    )
    op.create_table(
        "asked",
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("other_id", sa.Integer(), nullable=False),
        sa.Column("noes", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_asked_person_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["other_id"], ["persons.id"], name=op.f("fk_asked_other_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("person_id", "other_id", name=op.f("pk_asked")),
        sqlite_with_rowid=False,
    )


def _local_speaker() -> tuple[sa.Column[int], sa.Column[int]]:
    return sa.Column("recording_id", sa.Integer(), nullable=False), sa.Column("number", sa.Integer(), nullable=False)


def _of_recording_and_person(table: str) -> tuple[sa.ForeignKeyConstraint, sa.ForeignKeyConstraint]:
    return (
        sa.ForeignKeyConstraint(
            ["recording_id"], ["recordings.id"], name=op.f(f"fk_{table}_recording_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f(f"fk_{table}_person_id"), ondelete="CASCADE"),
    )
