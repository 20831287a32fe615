"""The sha256 of every named copy, so that a changed one is found and one of ours may be replaced."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Copies that were named before have none; of those only their being there is checked."""
    op.add_column(
        "sightings",
        sa.Column("file_sha256", sa.String(length=64), nullable=True, comment="of the file as we last published it"),
    )
