"""Changes to tags as a whole, so that they can be taken back; files that go with removed pictures; measures."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Group the entries of the tag log by what was written together; add a table and what statistics read."""
    op.create_table(
        "tag_changes",
        sa.Column("id", _Id, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("origin", sa.String(length=32), nullable=False, comment="who did it: the name of a command"),
        sa.Column("undoes", _Id, nullable=True, comment="the change that this one takes back"),
        sa.ForeignKeyConstraint(["undoes"], ["tag_changes.id"], name=op.f("fk_tag_changes_undoes")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tag_changes")),
        comment="append-only; one command's changes to the tags",
    )
    op.create_index(op.f("ix_tag_changes_undoes"), "tag_changes", ["undoes"], unique=False)
    op.create_table(
        "removals",
        sa.Column("id", _Id, nullable=False),
        sa.Column("path", sa.Text(), nullable=False, comment="relative to the data directory where it lies inside"),
        sa.Column(
            "folder",
            sa.Text(),
            nullable=False,
            comment="beginning of the path; nothing behind a link below it is touched",
        ),
        sa.Column(
            "sha256",
            sa.String(length=64),
            nullable=True,
            comment="of a named copy as it was published; a file with other bytes is left",
        ),
        sa.Column("asked", sa.Text(), nullable=False, comment="the arguments of scrapy remove"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_removals")),
        comment="files of pictures that were removed, until they are gone",
    )
    op.create_index(op.f("ix_removals_path"), "removals", ["path"], unique=False)
    op.create_index(op.f("ix_verdicts_image_id"), "verdicts", ["image_id"], unique=False)
    op.create_index("ix_blobs_measures", "blobs", ["format", "animated", "width", "height", "bytes"], unique=False)
    noted = sa.text("status = 'done' AND detail <> ''")
    op.create_index("ix_images_noted", "images", ["id"], unique=False, sqlite_where=noted, postgresql_where=noted)
    op.drop_index("ix_images_author", "images")
    op.create_index("ix_images_author", "images", ["author"], unique=False, postgresql_using="hash",
                    sqlite_where=sa.text("0"))  # fmt: skip
    op.create_index("ix_images_authors", "images", ["author", "collection_id"], unique=False,
                    postgresql_where=sa.text("false"))  # fmt: skip
    _tag_log()


def _tag_log() -> None:
    op.execute(
        "INSERT INTO tag_changes (at, origin) SELECT at, origin FROM tag_log GROUP BY at, origin ORDER BY min(id)"
    )
    op.add_column("tag_log", sa.Column("change_id", _Id, nullable=True))
    op.execute(
        "UPDATE tag_log SET change_id = "
        "(SELECT c.id FROM tag_changes c WHERE c.at = tag_log.at AND c.origin = tag_log.origin)"
    )
    op.drop_index("ix_tag_log_tag_id", "tag_log")
    with op.batch_alter_table("tag_log") as table:
        table.alter_column("change_id", existing_type=_Id, nullable=False)
        table.create_foreign_key(op.f("fk_tag_log_change_id"), "tag_changes", ["change_id"], ["id"])
        table.drop_column("at")
        table.drop_column("origin")
    op.create_index("ix_tag_log_change", "tag_log", ["change_id", "action", "tag_id"], unique=False)
    op.create_index("ix_tag_log_pictures", "tag_log", ["tag_id", "sha256", "action"], unique=False)
