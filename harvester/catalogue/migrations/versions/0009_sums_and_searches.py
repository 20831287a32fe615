"""What the sums over authors, albums and tags add up stands with the images; searches remember what is flat."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Half a minute for a million images; the catalogue grows by a hundredth."""
    op.add_column("images", sa.Column("bytes", sa.BigInteger(), nullable=True, comment="as in blobs; null: not known"))
    op.add_column("images", sa.Column("animated", sa.Boolean(), nullable=True, comment="likewise"))
    op.drop_index("ix_images_authors", "images")
    op.drop_index("ix_images_sha256", "images")
    op.execute(
        "UPDATE images SET bytes = (SELECT b.bytes FROM blobs b WHERE b.sha256 = images.sha256), "
        "animated = (SELECT b.animated FROM blobs b WHERE b.sha256 = images.sha256) WHERE sha256 IS NOT NULL"
    )
    op.create_index("ix_images_sha256", "images", ["sha256", "bytes"], unique=False)
    op.add_column("compared", sa.Column("flat", sa.Boolean(), nullable=True,
                                        comment="shows nothing to compare; null: not looked at yet"))  # fmt: skip
    op.create_index("ix_images_authors", "images", ["author", "collection_id", "status", "bytes", "animated"],
                    unique=False, postgresql_where=sa.text("false"))  # fmt: skip
