"""The frequencies that phash is made of, so that a turned picture's phash needs no decode."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Blobs that were measured before have none, until `scrapy verify --repair` measures them again."""
    op.add_column(
        "blobs",
        sa.Column(
            "coefficients",
            sa.LargeBinary(),
            nullable=True,
            comment="64 floats of 16 bits: what phash is made of; null: not measured",
        ),
    )
