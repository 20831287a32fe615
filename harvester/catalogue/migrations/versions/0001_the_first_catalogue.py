"""The first catalogue."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make every table."""
    op.create_table(
        "blobs",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("ext", sa.String(length=8), nullable=False),
        sa.Column("format", sa.String(length=16), nullable=False),
        sa.Column("mode", sa.String(length=16), nullable=False, comment="Pillow's word for the pixels in the file"),
        sa.Column("width", sa.Integer(), nullable=False, comment="pixels, upright"),
        sa.Column("height", sa.Integer(), nullable=False, comment="pixels, upright"),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("animated", sa.Boolean(), nullable=False),
        sa.Column("frames", sa.Integer(), nullable=False),
        sa.Column(
            "phash", sa.String(length=16), nullable=False, comment="64 bit, 16 hex digits; see docs/fingerprints.md"
        ),
        sa.Column("dhash", sa.String(length=16), nullable=False),
        sa.Column("average", sa.String(length=16), nullable=False),
        sa.Column("whash", sa.String(length=16), nullable=False),
        sa.Column("recipe", sa.Integer(), nullable=False, comment="which definition of the fingerprints"),
        sa.Column("stored_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_blobs")),
    )
    op.create_table(
        "collections",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("site", sa.String(length=32), nullable=False),
        sa.Column(
            "directory",
            sa.String(length=1024),
            nullable=False,
            comment="relative to the data directory where it lies inside",
        ),
        sa.Column("format", sa.String(length=16), nullable=False, comment="jpeg, rgb or original"),
        sa.Column(
            "promising",
            sa.String(length=64),
            nullable=True,
            comment="sha256 of the input whose promises are being, or have been, recorded",
        ),
        sa.Column("promised", sa.String(length=64), nullable=True, comment="the same, once all of them are recorded"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_collections")),
        sa.UniqueConstraint("site", "directory", name=op.f("uq_collections_site_directory")),
    )
    op.create_table(
        "accounts",
        sa.Column("collection_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("user_index", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("acct", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["collection_id"], ["collections.id"], name=op.f("fk_accounts_collection_id")),
        sa.PrimaryKeyConstraint("collection_id", "user_index", name=op.f("pk_accounts")),
        comment="which account a number in a file name means, so that two data sets are never mixed",
    )
    op.create_table(
        "images",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("collection_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("key", sa.Text(), nullable=False, comment="the site's image id, or the URL where there is none"),
        sa.Column("url", sa.Text(), nullable=True, comment="the address, where the key is not the address"),
        sa.Column("host", sa.String(length=255), nullable=False),
        sa.Column("page", sa.Text(), nullable=True),
        sa.Column("author", sa.Text(), nullable=True),
        sa.Column("alt", sa.Text(), nullable=True),
        sa.Column("metadata", sa.JSON(), nullable=True),
        sa.Column("status", sa.String(length=8), nullable=False, comment="pending, done, failed, skipped"),
        sa.Column("reason", sa.String(length=32), server_default="", nullable=False),
        sa.Column("detail", sa.Text(), server_default="", nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("promised_at", sa.BigInteger(), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=True),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.Column(
            "sha256", sa.String(length=64), nullable=True, comment="known bytes; may be set while names are still owed"
        ),
        sa.ForeignKeyConstraint(["collection_id"], ["collections.id"], name=op.f("fk_images_collection_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_images")),
        sa.UniqueConstraint("collection_id", "key", name=op.f("uq_images_collection_id_key")),
    )
    op.create_index("ix_images_books", "images", ["collection_id", "status", "reason"], unique=False)
    op.create_index(
        "ix_images_owed",
        "images",
        ["collection_id", "host", "id"],
        unique=False,
        sqlite_where=sa.text("status = 'pending'"),
        postgresql_where=sa.text("status = 'pending'"),
    )
    op.create_index("ix_images_sha256", "images", ["sha256"], unique=False)
    op.create_table(
        "runs",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("collection_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("arguments", sa.JSON(), nullable=False),
        sa.Column("version", sa.String(length=32), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("finished_at", sa.BigInteger(), nullable=True, comment="null: still running, or killed"),
        sa.Column("outcome", sa.String(length=64), nullable=True, comment="Scrapy's finish reason"),
        sa.Column("counts", sa.JSON(), nullable=True, comment="images of this run by status"),
        sa.ForeignKeyConstraint(["collection_id"], ["collections.id"], name=op.f("fk_runs_collection_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_runs")),
    )
    op.create_table(
        "sightings",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("image_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("collection_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False, comment="file name without extension"),
        sa.Column("file", sa.String(length=255), nullable=True, comment="file name as published; null while owed"),
        sa.Column("user_index", sa.BigInteger(), nullable=True),
        sa.Column("post_index", sa.BigInteger(), nullable=True),
        sa.Column("url_index", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["collection_id"], ["collections.id"], name=op.f("fk_sightings_collection_id")),
        sa.ForeignKeyConstraint(["image_id"], ["images.id"], name=op.f("fk_sightings_image_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sightings")),
        sa.UniqueConstraint("collection_id", "name", name=op.f("uq_sightings_collection_id_name")),
    )
    op.create_index(op.f("ix_sightings_image_id"), "sightings", ["image_id"], unique=False)
