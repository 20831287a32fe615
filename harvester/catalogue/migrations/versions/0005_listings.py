"""Listings walked page by page, what sources say of generated pictures, tags, embedded generation data, layouts."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add three tables and two columns."""
    op.add_column(
        "collections",
        sa.Column(
            "layout", sa.String(length=16), server_default="", nullable=False, comment="empty: positions of a data set"
        ),
    )
    op.add_column(
        "blobs",
        sa.Column(
            "embedded", sa.JSON(), nullable=True, comment="generation data found in the bytes; see docs/embedded.md"
        ),
    )
    op.create_index("ix_images_author", "images", ["author"], unique=False, postgresql_using="hash")
    _listings()
    _generated()
    op.create_table(
        "source_tags",
        sa.Column("image_id", _Id, nullable=False),
        sa.Column("tag", sa.String(length=255), nullable=False),
        sa.ForeignKeyConstraint(["image_id"], ["images.id"], name=op.f("fk_source_tags_image_id")),
        sa.PrimaryKeyConstraint("image_id", "tag", name=op.f("pk_source_tags")),
        comment="the tags a source gives an image",
    )
    op.create_index("ix_source_tags_tag", "source_tags", ["tag", "image_id"], unique=False)


def _listings() -> None:
    op.create_table(
        "listings",
        sa.Column("id", _Id, nullable=False),
        sa.Column("collection_id", _Id, nullable=False),
        sa.Column(
            "query",
            sa.String(length=600),
            nullable=False,
            comment="what was asked of the source, in the words of the spider",
        ),
        sa.Column("cursor", sa.Text(), nullable=True, comment="the next page; null: the first one"),
        sa.Column("mark", sa.Text(), nullable=True, comment="what the next walk shall know, such as the newest id"),
        sa.Column("pages", sa.Integer(), nullable=False, comment="pages walked"),
        sa.Column("items", sa.BigInteger(), nullable=False, comment="entries on them"),
        sa.Column(
            "counts",
            sa.JSON(),
            nullable=False,
            comment="entries by what became of them: new, known, below the bar, ...",
        ),
        sa.Column("state", sa.String(length=8), nullable=False, comment="open, ended, cut"),
        sa.Column("why", sa.Text(), server_default="", nullable=False, comment="why it was cut"),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["collection_id"], ["collections.id"], name=op.f("fk_listings_collection_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_listings")),
        sa.UniqueConstraint("collection_id", "query", name=op.f("uq_listings_collection_id_query")),
    )


def _generated() -> None:
    op.create_table(
        "generated",
        sa.Column("image_id", _Id, nullable=False),
        sa.Column("prompt", sa.Text(), nullable=True),
        sa.Column("negative_prompt", sa.Text(), nullable=True),
        sa.Column("model", sa.String(length=255), nullable=True),
        sa.Column("base_model", sa.String(length=64), nullable=True),
        sa.Column("sampler", sa.String(length=64), nullable=True),
        sa.Column("seed", sa.String(length=32), nullable=True),
        sa.Column("uuid", sa.String(length=36), nullable=True, comment="identity of the file at the source"),
        *(
            sa.Column(kind, sa.BigInteger(), nullable=False)
            for kind in ("cries", "laughs", "likes", "dislikes", "hearts", "comments")
        ),
        sa.ForeignKeyConstraint(["image_id"], ["images.id"], name=op.f("fk_generated_image_id")),
        sa.PrimaryKeyConstraint("image_id", name=op.f("pk_generated")),
        comment="what a source says of how a picture was generated and received, taken out of images.metadata",
    )
    for column in ("model", "base_model", "sampler", "seed", "uuid", "hearts"):
        op.create_index(op.f(f"ix_generated_{column}"), "generated", [column], unique=False)
