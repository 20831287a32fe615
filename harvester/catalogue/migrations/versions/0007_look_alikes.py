"""Look-alikes: the searches, what they compared, the pairs they found; decisions that take others back."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add three tables and a column."""
    op.add_column(
        "decisions",
        sa.Column(
            "undoes", _Id, nullable=True, comment="the decision that this one takes back; it gives no verdicts itself"
        ),
    )
    op.create_table(
        "searches",
        sa.Column("id", _Id, nullable=False),
        sa.Column("recipe", sa.Integer(), nullable=False, comment="of the fingerprints that were compared"),
        sa.Column(
            "limits",
            sa.JSON(),
            nullable=False,
            comment="bits in which look-alikes may differ, by method; and orientations",
        ),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column(
            "finished_at",
            sa.BigInteger(),
            nullable=True,
            comment="null: still running, or killed; what it found does not count",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_searches")),
        comment="runs of scrapy dedupe",
    )
    op.create_table(
        "compared",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("search_id", _Id, nullable=False),
        sa.Column(
            "pixels",
            sa.String(length=64),
            nullable=True,
            comment="sha256 of the decoded pixels, where it had to be known",
        ),
        sa.ForeignKeyConstraint(["search_id"], ["searches.id"], name=op.f("fk_compared_search_id")),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_compared")),
        sqlite_with_rowid=False,
        comment="blobs that were compared with all others",
    )
    op.create_table(
        "pairs",
        sa.Column("first", sa.String(length=64), nullable=False),
        sa.Column("second", sa.String(length=64), nullable=False),
        sa.Column("method", sa.String(length=8), nullable=False, comment="phash, dhash, average, whash, pixels"),
        sa.Column(
            "orientation",
            sa.String(length=16),
            nullable=False,
            comment="how the first looks like the second; empty: upright",
        ),
        sa.Column("score", sa.Integer(), nullable=False, comment="bits in which the hashes differ; 0 of pixels"),
        sa.Column("search_id", _Id, nullable=False),
        sa.ForeignKeyConstraint(["search_id"], ["searches.id"], name=op.f("fk_pairs_search_id")),
        sa.PrimaryKeyConstraint("first", "second", "method", "orientation", name=op.f("pk_pairs")),
        sqlite_with_rowid=False,
        comment="look-alikes; of blobs with equal hashes each is paired with the next only",
    )
    op.create_index(op.f("ix_pairs_second"), "pairs", ["second"], unique=False)
