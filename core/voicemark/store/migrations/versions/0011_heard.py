"""How much of a recording that is being heard has been heard."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Of what is in hand at this moment it is not known."""
    op.add_column("jobs", sa.Column("heard_s", sa.Double(), nullable=True))
