"""Several machines: where a job is heard, and the workers of a cluster."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nobody hears for others yet."""
    op.add_column("jobs", sa.Column("machine", sa.String(), nullable=True))
    op.create_table(
        "cluster_workers",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("run", sa.String(), nullable=False),
        sa.Column("host", sa.String(), nullable=False),
        sa.Column("program", sa.String(), nullable=False),
        sa.Column("model_id", sa.String(), nullable=False),
        sa.Column("recording", sa.String(), nullable=True),
        sa.Column("since", sa.DateTime(), nullable=True),
        sa.Column("heard_s", sa.Double(), nullable=False),
        sa.Column("took_s", sa.Double(), nullable=False),
        sa.Column("seen_at", sa.DateTime(), nullable=False),
        sa.Column("failed_in_a_row", sa.Integer(), nullable=False),
        sa.Column("trouble", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("name", name="pk_cluster_workers"),
    )
