"""Albums with their order, a log of tags, a log of verdicts."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "decisions",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("origin", sa.String(length=32), nullable=False, comment="who decided: the name of a command"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decisions")),
        comment="append-only; the verdicts that one look at a group gave",
    )
    op.create_table(
        "owners",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("site", sa.String(length=32), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False, comment="the site's number or word for a user"),
        sa.Column("name", sa.Text(), nullable=False, comment="as the site writes it"),
        sa.Column("listed_at", sa.BigInteger(), nullable=True, comment="when all albums were last listed"),
        sa.Column("finished_at", sa.BigInteger(), nullable=True, comment="when all albums were last read to their end"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_owners")),
        sa.UniqueConstraint("site", "key", name=op.f("uq_owners_site_key")),
        comment="users of a site who keep albums",
    )
    op.create_table(
        "tag_log",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("origin", sa.String(length=32), nullable=False, comment="who did it: the name of a command"),
        sa.Column(
            "action",
            sa.String(length=8),
            nullable=False,
            comment="add, rename, move, delete; apply, clear on a picture",
        ),
        sa.Column("tag_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True, comment="of add and rename"),
        sa.Column("parent_id", sa.Integer(), nullable=True, comment="of add and move; null: at the top"),
        sa.Column("sha256", sa.String(length=64), nullable=True, comment="of apply and clear"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tag_log")),
        comment="append-only; the tags there are, and what has them, is derived",
    )
    op.create_index(op.f("ix_tag_log_sha256"), "tag_log", ["sha256"], unique=False)
    op.create_index(op.f("ix_tag_log_tag_id"), "tag_log", ["tag_id"], unique=False)
    op.create_table(
        "albums",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("owner_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False, comment="the site's number of it"),
        sa.Column("name", sa.Text(), nullable=False, comment="as the site writes it"),
        sa.Column("kind", sa.String(length=16), nullable=False, comment="pictures, or galleries: known and left alone"),
        sa.Column(
            "pages", sa.Integer(), server_default="0", nullable=False, comment="number of the last page seen, plus one"
        ),
        sa.Column("read_at", sa.BigInteger(), nullable=True, comment="when its pages were last read to the end"),
        sa.Column("finished_at", sa.BigInteger(), nullable=True, comment="when all its images were last settled"),
        sa.ForeignKeyConstraint(["owner_id"], ["owners.id"], name=op.f("fk_albums_owner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_albums")),
        sa.UniqueConstraint("owner_id", "key", name=op.f("uq_albums_owner_id_key")),
    )
    op.create_table(
        "album_images",
        sa.Column("album_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("image_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "position", sa.Integer(), nullable=False, comment="from 0, in the site's order; kept where the image fails"
        ),
        sa.Column(
            "name", sa.Text(), server_default="", nullable=False, comment="the file's name at the site, where known"
        ),
        sa.ForeignKeyConstraint(["album_id"], ["albums.id"], name=op.f("fk_album_images_album_id")),
        sa.ForeignKeyConstraint(["image_id"], ["images.id"], name=op.f("fk_album_images_image_id")),
        sa.PrimaryKeyConstraint("album_id", "image_id", name=op.f("pk_album_images")),
        comment="every occurrence of an image in an album",
    )
    op.create_index(op.f("ix_album_images_image_id"), "album_images", ["image_id"], unique=False)
    op.create_table(
        "verdicts",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("decision_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("verdict", sa.String(length=8), nullable=False, comment="new, false, keep, skip"),
        sa.Column(
            "album_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=True,
            comment="set: on this occurrence of the picture only",
        ),
        sa.Column("image_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True, comment="likewise"),
        sa.ForeignKeyConstraint(["album_id"], ["albums.id"], name=op.f("fk_verdicts_album_id")),
        sa.ForeignKeyConstraint(["decision_id"], ["decisions.id"], name=op.f("fk_verdicts_decision_id")),
        sa.ForeignKeyConstraint(["image_id"], ["images.id"], name=op.f("fk_verdicts_image_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_verdicts")),
        comment="append-only; the latest on a picture holds",
    )
    op.create_index(op.f("ix_verdicts_decision_id"), "verdicts", ["decision_id"], unique=False)
    op.create_index(op.f("ix_verdicts_sha256"), "verdicts", ["sha256"], unique=False)
