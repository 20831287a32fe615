"""Runs note the last lines of image_download.log, so that a killed run's can be completed."""

import sqlalchemy as sa
from alembic import op

revision = "log_lines"
down_revision = "tables"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the two columns."""
    op.add_column("runs", sa.Column("log_lines", sa.Text))
    op.add_column("runs", sa.Column("log_offset", sa.BigInteger))
