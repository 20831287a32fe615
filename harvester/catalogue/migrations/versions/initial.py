"""The first catalogue."""

import sqlalchemy as sa
from alembic import op

revision = "initial"
down_revision = None
branch_labels = None
depends_on = None

_Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_PENDING = sa.text("status = 'pending'")
_DETAILED = sa.text("status = 'done' AND detail <> ''")


def upgrade() -> None:
    """Make every table."""
    _create_blobs()
    _create_collections()
    _create_decisions()
    _create_dedupe_runs()
    _create_pending_deletes()
    _create_request_log()
    _create_site_users()
    _create_tag_changes()
    _create_accounts()
    _create_albums()
    _create_dedupe_state()
    _create_images()
    _create_pairs()
    _create_runs()
    _create_tag_log()
    _create_album_images()
    _create_generation()
    _create_listings()
    _create_placements()
    _create_source_tags()
    _create_verdicts()


def _create_blobs() -> None:
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
        sa.Column("fingerprint_version", sa.Integer(), nullable=False, comment="which definition of the fingerprints"),
        sa.Column(
            "coefficients",
            sa.LargeBinary(),
            nullable=True,
            comment="64 floats of 16 bits: what phash is made of; null: not measured",
        ),
        sa.Column(
            "embedded", sa.JSON(), nullable=True, comment="generation data found in the bytes; see docs/embedded.md"
        ),
        sa.Column("stored_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_blobs")),
    )
    op.create_index("ix_blobs_measures", "blobs", ["format", "animated", "width", "height", "bytes"], unique=False)


def _create_collections() -> None:
    op.create_table(
        "collections",
        sa.Column("id", _Id, nullable=False),
        sa.Column("site", sa.String(length=32), nullable=False),
        sa.Column(
            "directory",
            sa.String(length=1024),
            nullable=False,
            comment="relative to the data directory where it lies inside",
        ),
        sa.Column("format", sa.String(length=16), nullable=False, comment="jpeg, rgb or original"),
        sa.Column(
            "layout", sa.String(length=16), server_default="", nullable=False, comment="empty: positions of a data set"
        ),
        sa.Column(
            "discovering",
            sa.String(length=64),
            nullable=True,
            comment="sha256 of the input whose images are being, or have been, recorded",
        ),
        sa.Column(
            "discovered_from", sa.String(length=64), nullable=True, comment="the same, once all of them are recorded"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_collections")),
        sa.UniqueConstraint("site", "directory", name=op.f("uq_collections_site_directory")),
    )


def _create_decisions() -> None:
    op.create_table(
        "decisions",
        sa.Column("id", _Id, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("origin", sa.String(length=32), nullable=False, comment="who decided: the name of a command"),
        sa.Column(
            "undoes", _Id, nullable=True, comment="the decision that this one takes back; it gives no verdicts itself"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decisions")),
        comment="append-only; the verdicts that one look at a group gave",
    )


def _create_dedupe_runs() -> None:
    op.create_table(
        "dedupe_runs",
        sa.Column("id", _Id, nullable=False),
        sa.Column(
            "fingerprint_version", sa.Integer(), nullable=False, comment="of the fingerprints that were compared"
        ),
        sa.Column(
            "limits",
            sa.JSON(),
            nullable=False,
            comment="bits in which near-duplicates may differ, by method; and orientations",
        ),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column(
            "finished_at",
            sa.BigInteger(),
            nullable=True,
            comment="null: still running, or killed; what it found does not count",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dedupe_runs")),
        comment="runs of scrapy dedupe",
    )


def _create_pending_deletes() -> None:
    op.create_table(
        "pending_deletes",
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
            comment="of an output file as it was written; a file with other bytes is left",
        ),
        sa.Column("command", sa.Text(), nullable=False, comment="the arguments of scrapy remove"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pending_deletes")),
        comment="files of pictures that were removed, until they are gone",
    )
    op.create_index(op.f("ix_pending_deletes_path"), "pending_deletes", ["path"], unique=False)


def _create_request_log() -> None:
    op.create_table(
        "request_log",
        sa.Column("id", _Id, nullable=False),
        sa.Column("host", sa.String(length=255), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_request_log")),
        comment="requests to hosts that have a budget, for as long as its longest window",
    )
    op.create_index("ix_request_log_host_at", "request_log", ["host", "at"], unique=False)


def _create_site_users() -> None:
    op.create_table(
        "site_users",
        sa.Column("id", _Id, nullable=False),
        sa.Column("site", sa.String(length=32), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False, comment="the site's number or word for a user"),
        sa.Column("name", sa.Text(), nullable=False, comment="as the site writes it"),
        sa.Column("listed_at", sa.BigInteger(), nullable=True, comment="when all albums were last listed"),
        sa.Column("finished_at", sa.BigInteger(), nullable=True, comment="when all albums were last read to their end"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_site_users")),
        sa.UniqueConstraint("site", "key", name=op.f("uq_site_users_site_key")),
        comment="users of a site who keep albums",
    )


def _create_tag_changes() -> None:
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


def _create_accounts() -> None:
    op.create_table(
        "accounts",
        sa.Column("collection_id", _Id, nullable=False),
        sa.Column("user_index", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("acct", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["collection_id"], ["collections.id"], name=op.f("fk_accounts_collection_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("collection_id", "user_index", name=op.f("pk_accounts")),
        comment="which account a number in a file name means, so that two data sets are never mixed",
    )


def _create_albums() -> None:
    op.create_table(
        "albums",
        sa.Column("id", _Id, nullable=False),
        sa.Column("owner_id", _Id, nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False, comment="the site's number of it"),
        sa.Column("name", sa.Text(), nullable=False, comment="as the site writes it"),
        sa.Column("kind", sa.String(length=16), nullable=False, comment="pictures, or galleries: known, not read"),
        sa.Column(
            "pages", sa.Integer(), server_default="0", nullable=False, comment="number of the last page seen, plus one"
        ),
        sa.Column("read_at", sa.BigInteger(), nullable=True, comment="when its pages were last read to the end"),
        sa.Column("finished_at", sa.BigInteger(), nullable=True, comment="when all its images were last settled"),
        sa.ForeignKeyConstraint(["owner_id"], ["site_users.id"], name=op.f("fk_albums_owner_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_albums")),
        sa.UniqueConstraint("owner_id", "key", name=op.f("uq_albums_owner_id_key")),
    )


def _create_dedupe_state() -> None:
    op.create_table(
        "dedupe_state",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("run_id", _Id, nullable=False),
        sa.Column(
            "pixels",
            sa.String(length=64),
            nullable=True,
            comment="sha256 of the decoded pixels, where it had to be known",
        ),
        sa.Column(
            "low_detail", sa.Boolean(), nullable=True, comment="shows nothing to compare; null: not looked at yet"
        ),
        sa.ForeignKeyConstraint(["run_id"], ["dedupe_runs.id"], name=op.f("fk_dedupe_state_run_id")),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_dedupe_state")),
        comment="blobs that were compared with all others",
        sqlite_with_rowid=False,
    )


def _create_images() -> None:
    op.create_table(
        "images",
        sa.Column("id", _Id, nullable=False),
        sa.Column("collection_id", _Id, nullable=False),
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
        sa.Column("discovered_at", sa.BigInteger(), nullable=False),
        sa.Column("requested_at", sa.BigInteger(), nullable=True),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.Column(
            "sha256",
            sa.String(length=64),
            nullable=True,
            comment="known bytes; may be set while files are still pending",
        ),
        sa.Column("bytes", sa.BigInteger(), nullable=True, comment="as in blobs; null: not known"),
        sa.Column("animated", sa.Boolean(), nullable=True, comment="likewise"),
        sa.ForeignKeyConstraint(["collection_id"], ["collections.id"], name=op.f("fk_images_collection_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_images")),
        sa.UniqueConstraint("collection_id", "key", name=op.f("uq_images_collection_id_key")),
    )
    op.create_index(
        "ix_images_author", "images", ["author"], unique=False, sqlite_where=sa.text("0"), postgresql_using="hash"
    )
    op.create_index(
        "ix_images_authors",
        "images",
        ["author", "collection_id", "status", "bytes", "animated"],
        unique=False,
        postgresql_where=sa.text("false"),
    )
    op.create_index(
        "ix_images_detail", "images", ["id"], unique=False, sqlite_where=_DETAILED, postgresql_where=_DETAILED
    )
    op.create_index(
        "ix_images_pending",
        "images",
        ["collection_id", "host", "id"],
        unique=False,
        sqlite_where=_PENDING,
        postgresql_where=_PENDING,
    )
    op.create_index("ix_images_sha256", "images", ["sha256", "bytes"], unique=False)
    op.create_index("ix_images_status", "images", ["collection_id", "status", "reason"], unique=False)


def _create_pairs() -> None:
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
        sa.Column("run_id", _Id, nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["dedupe_runs.id"], name=op.f("fk_pairs_run_id")),
        sa.PrimaryKeyConstraint("first", "second", "method", "orientation", name=op.f("pk_pairs")),
        comment="near-duplicates; of blobs with equal hashes each is paired with the next only",
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_pairs_second"), "pairs", ["second"], unique=False)


def _create_runs() -> None:
    op.create_table(
        "runs",
        sa.Column("id", _Id, nullable=False),
        sa.Column("collection_id", _Id, nullable=False),
        sa.Column("arguments", sa.JSON(), nullable=False),
        sa.Column("version", sa.String(length=32), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("finished_at", sa.BigInteger(), nullable=True, comment="null: still running, or killed"),
        sa.Column("outcome", sa.String(length=64), nullable=True, comment="Scrapy's finish reason"),
        sa.Column("counts", sa.JSON(), nullable=True, comment="images of this run by status"),
        sa.ForeignKeyConstraint(
            ["collection_id"], ["collections.id"], name=op.f("fk_runs_collection_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_runs")),
    )


def _create_tag_log() -> None:
    op.create_table(
        "tag_log",
        sa.Column("id", _Id, nullable=False),
        sa.Column("change_id", _Id, nullable=False),
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
        sa.ForeignKeyConstraint(["change_id"], ["tag_changes.id"], name=op.f("fk_tag_log_change_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tag_log")),
        comment="append-only; the tags there are, and what has them, is derived",
    )
    op.create_index("ix_tag_log_change", "tag_log", ["change_id", "action", "tag_id"], unique=False)
    op.create_index("ix_tag_log_pictures", "tag_log", ["tag_id", "sha256", "action"], unique=False)
    op.create_index(op.f("ix_tag_log_sha256"), "tag_log", ["sha256"], unique=False)


def _create_album_images() -> None:
    op.create_table(
        "album_images",
        sa.Column("album_id", _Id, nullable=False),
        sa.Column("image_id", _Id, nullable=False),
        sa.Column(
            "position", sa.Integer(), nullable=False, comment="from 0, in the site's order; kept where the image fails"
        ),
        sa.Column(
            "name", sa.Text(), server_default="", nullable=False, comment="the file's name at the site, where known"
        ),
        sa.ForeignKeyConstraint(["album_id"], ["albums.id"], name=op.f("fk_album_images_album_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["image_id"], ["images.id"], name=op.f("fk_album_images_image_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("album_id", "image_id", name=op.f("pk_album_images")),
        comment="every occurrence of an image in an album",
    )
    op.create_index(op.f("ix_album_images_image_id"), "album_images", ["image_id"], unique=False)


def _create_generation() -> None:
    op.create_table(
        "generation",
        sa.Column("image_id", _Id, nullable=False),
        sa.Column("prompt", sa.Text(), nullable=True),
        sa.Column("negative_prompt", sa.Text(), nullable=True),
        sa.Column("model", sa.String(length=255), nullable=True),
        sa.Column("base_model", sa.String(length=64), nullable=True),
        sa.Column("sampler", sa.String(length=64), nullable=True),
        sa.Column("seed", sa.String(length=32), nullable=True),
        sa.Column("uuid", sa.String(length=36), nullable=True, comment="identity of the file at the source"),
        sa.Column("cries", sa.BigInteger(), nullable=False),
        sa.Column("laughs", sa.BigInteger(), nullable=False),
        sa.Column("likes", sa.BigInteger(), nullable=False),
        sa.Column("dislikes", sa.BigInteger(), nullable=False),
        sa.Column("hearts", sa.BigInteger(), nullable=False),
        sa.Column("comments", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["image_id"], ["images.id"], name=op.f("fk_generation_image_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("image_id", name=op.f("pk_generation")),
        comment="what a source says of how a picture was generated and received, taken out of images.metadata",
    )
    op.create_index(op.f("ix_generation_base_model"), "generation", ["base_model"], unique=False)
    op.create_index(op.f("ix_generation_hearts"), "generation", ["hearts"], unique=False)
    op.create_index(op.f("ix_generation_model"), "generation", ["model"], unique=False)
    op.create_index(op.f("ix_generation_sampler"), "generation", ["sampler"], unique=False)
    op.create_index(op.f("ix_generation_seed"), "generation", ["seed"], unique=False)
    op.create_index(op.f("ix_generation_uuid"), "generation", ["uuid"], unique=False)


def _create_listings() -> None:
    op.create_table(
        "listings",
        sa.Column("id", _Id, nullable=False),
        sa.Column("collection_id", _Id, nullable=False),
        sa.Column("owner_id", _Id, nullable=True, comment="whose albums, where that is known"),
        sa.Column("album_id", _Id, nullable=True, comment="the one album that it lists"),
        sa.Column(
            "query",
            sa.String(length=600),
            nullable=False,
            comment="what was requested, in the words of the spider",
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
        sa.Column("state", sa.String(length=16), nullable=False, comment="open, ended, incomplete"),
        sa.Column("detail", sa.Text(), server_default="", nullable=False, comment="why it is incomplete"),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["album_id"], ["albums.id"], name=op.f("fk_listings_album_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["collection_id"], ["collections.id"], name=op.f("fk_listings_collection_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["owner_id"], ["site_users.id"], name=op.f("fk_listings_owner_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_listings")),
        sa.UniqueConstraint("collection_id", "query", name=op.f("uq_listings_collection_id_query")),
    )


def _create_placements() -> None:
    op.create_table(
        "placements",
        sa.Column("id", _Id, nullable=False),
        sa.Column("image_id", _Id, nullable=False),
        sa.Column("collection_id", _Id, nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False, comment="file name without extension"),
        sa.Column("file", sa.String(length=255), nullable=True, comment="file name as published; null while pending"),
        sa.Column("file_sha256", sa.String(length=64), nullable=True, comment="of the file as we last published it"),
        sa.Column(
            "sidecars", sa.JSON(), nullable=True, comment="files beside it: name -> sha256, noted before writing"
        ),
        sa.Column("user_index", sa.BigInteger(), nullable=True),
        sa.Column("post_index", sa.BigInteger(), nullable=True),
        sa.Column("url_index", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["collection_id"], ["collections.id"], name=op.f("fk_placements_collection_id")),
        sa.ForeignKeyConstraint(["image_id"], ["images.id"], name=op.f("fk_placements_image_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_placements")),
        sa.UniqueConstraint("collection_id", "name", name=op.f("uq_placements_collection_id_name")),
    )
    op.create_index(op.f("ix_placements_image_id"), "placements", ["image_id"], unique=False)


def _create_source_tags() -> None:
    op.create_table(
        "source_tags",
        sa.Column("image_id", _Id, nullable=False),
        sa.Column("tag", sa.String(length=255), nullable=False),
        sa.ForeignKeyConstraint(["image_id"], ["images.id"], name=op.f("fk_source_tags_image_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("image_id", "tag", name=op.f("pk_source_tags")),
        comment="the tags a source gives an image",
    )
    op.create_index("ix_source_tags_tag", "source_tags", ["tag", "image_id"], unique=False)


def _create_verdicts() -> None:
    op.create_table(
        "verdicts",
        sa.Column("id", _Id, nullable=False),
        sa.Column("decision_id", _Id, nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("verdict", sa.String(length=8), nullable=False, comment="new, false, keep, skip"),
        sa.Column("album_id", _Id, nullable=True, comment="set: on this occurrence only"),
        sa.Column("image_id", _Id, nullable=True, comment="likewise"),
        sa.ForeignKeyConstraint(["album_id"], ["albums.id"], name=op.f("fk_verdicts_album_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["decision_id"], ["decisions.id"], name=op.f("fk_verdicts_decision_id")),
        sa.ForeignKeyConstraint(["image_id"], ["images.id"], name=op.f("fk_verdicts_image_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_verdicts")),
        comment="append-only; the latest on a picture holds",
    )
    op.create_index(op.f("ix_verdicts_decision_id"), "verdicts", ["decision_id"], unique=False)
    op.create_index(op.f("ix_verdicts_image_id"), "verdicts", ["image_id"], unique=False)
    op.create_index(op.f("ix_verdicts_sha256"), "verdicts", ["sha256"], unique=False)
