"""In which numbers a recording's windows were computed."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Of what was heard before it is not known."""
    op.add_column("recordings", sa.Column("numerics", sa.String(), nullable=True))
