"""Markers' ends are kept as they are shown, so that what is shown can be looked up in an index."""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Round them to hundredths of a second."""
    op.execute("UPDATE markers SET start_s = round(start_s, 2), end_s = round(end_s, 2)")
