"""A stretch that one person speaks is a turn: the column is called so too."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Rename the column; what it holds stays as it is."""
    op.execute("ALTER TABLE window_embeddings RENAME COLUMN stretches TO turns")
