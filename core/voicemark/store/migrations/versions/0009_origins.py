"""Memories by where they are from; how many answers of a person agree with what is recognised by itself."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; all memories that there are were made of samples."""
    with op.batch_alter_table("voice_memories", recreate="always") as memories:
        memories.add_column(sa.Column("origin", sa.String(), nullable=False, server_default="samples"))
        memories.drop_constraint("uq_voice_memories_voice_model", type_="unique")
        memories.create_unique_constraint("uq_voice_memories_voice_model", ["voice_id", "model_id", "origin"])
    op.add_column("said", sa.Column("answers", sa.Integer(), nullable=True))
    op.add_column("said", sa.Column("agreeing", sa.Integer(), nullable=True))
