"""What is to be done stays written down: erasures, exports, what is waited for; and where recordings were seen."""

import uuid

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add columns and tables; the database gets an id of its own."""
    op.add_column("recordings", sa.Column("mount", sa.String(), nullable=True))
    op.add_column("voice_memories", sa.Column("sources", sa.String(), nullable=True))
    for column in (
        sa.Column("beat_boot", sa.String(), nullable=True),
        sa.Column("beat_s", sa.Double(), nullable=True),
        sa.Column("waits", sa.Integer(), server_default="0", nullable=False),
        sa.Column("waits_for", sa.String(), nullable=True),
    ):
        op.add_column("jobs", column)
    about = op.create_table(
        "about",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_about")),
    )
    op.bulk_insert(about, [{"key": "id", "value": uuid.uuid4().hex}])
    op.create_table(
        "waiting",
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("since", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("subject", name=op.f("pk_waiting")),
    )
    op.create_table(
        "exports",
        sa.Column("target", sa.String(), nullable=False),
        sa.Column("recording_id", sa.Integer(), nullable=True),
        sa.Column("format", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=True),
        sa.Column("made_of", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["recording_id"], ["recordings.id"], name=op.f("fk_exports_recording_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("target", name=op.f("pk_exports")),
    )
    op.create_index(op.f("ix_exports_recording_id"), "exports", ["recording_id"])
    op.create_table(
        "export_voices",
        sa.Column("target", sa.String(), nullable=False),
        sa.Column("voice_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["target"], ["exports.target"], name=op.f("fk_export_voices_target"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["voice_id"], ["voices.id"], name=op.f("fk_export_voices_voice_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("target", "voice_id", name=op.f("pk_export_voices")),
    )
    op.create_table(
        "erasures",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("asked_at", sa.DateTime(), nullable=False),
        sa.Column("scrubbed_at", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erasures")),
    )
    op.create_table(
        "erasure_files",
        sa.Column("target", sa.String(), nullable=False),
        sa.Column("recording_id", sa.Integer(), nullable=True),
        sa.Column("format", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["recording_id"], ["recordings.id"], name=op.f("fk_erasure_files_recording_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("target", name=op.f("pk_erasure_files")),
    )
