"""The tables of the catalogue. Times are whole seconds since 1970, UTC; status words are those of `harvester.reasons`.

A change here needs a revision in `migrations/versions`, which changes an older catalogue, and a new `HEAD`.
"""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

HEAD = "log_lines"

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_Id = BigInteger().with_variant(Integer, "sqlite")  # SQLite numbers rows by itself for INTEGER only

collections = Table(
    "collections",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("site", String(32), nullable=False),
    Column("directory", String(1024), nullable=False, comment="relative to the data directory where it lies inside"),
    Column("format", String(16), nullable=False, comment="jpeg, rgb or original"),
    Column("layout", String(16), nullable=False, server_default="", comment="empty: positions of a data set"),
    Column("discovering", String(64), comment="sha256 of the input whose images are being, or have been, recorded"),
    Column("discovered_from", String(64), comment="the same, once all of them are recorded"),
    UniqueConstraint("site", "directory"),
)

listings = Table(
    "listings",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("collection_id", ForeignKey("collections.id", ondelete="CASCADE"), nullable=False),
    Column("owner_id", ForeignKey("site_users.id", ondelete="CASCADE"), comment="whose albums, where that is known"),
    Column("album_id", ForeignKey("albums.id", ondelete="CASCADE"), comment="the one album that it lists"),
    Column("query", String(600), nullable=False, comment="what was requested, in the words of the spider"),
    Column("cursor", Text, comment="the next page; null: the first one"),
    Column("mark", Text, comment="what the next walk shall know, such as the newest id"),
    Column("pages", Integer, nullable=False, comment="pages read"),
    Column("items", BigInteger, nullable=False, comment="entries on them"),
    Column("counts", JSON, nullable=False, comment="entries by result: new, known, below the threshold, ..."),
    Column("state", String(16), nullable=False, comment="open, ended, incomplete"),
    Column("detail", Text, nullable=False, server_default="", comment="why it is incomplete"),
    Column("started_at", BigInteger, nullable=False),
    Column("changed_at", BigInteger, nullable=False),
    UniqueConstraint("collection_id", "query"),
)

accounts = Table(
    "accounts",
    metadata,
    Column("collection_id", ForeignKey("collections.id", ondelete="CASCADE"), primary_key=True),
    Column("user_index", BigInteger, primary_key=True, autoincrement=False),
    Column("acct", Text, nullable=False),
    comment="which account a number in a file name means, so that two data sets are never mixed",
)

images = Table(
    "images",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("collection_id", ForeignKey("collections.id"), nullable=False),
    Column("key", Text, nullable=False, comment="the site's image id, or the URL where there is none"),
    Column("url", Text, comment="the address, where the key is not the address"),
    Column("host", String(255), nullable=False),
    Column("page", Text),
    Column("author", Text),
    Column("alt", Text),
    Column("metadata", JSON(none_as_null=True)),
    Column("status", String(8), nullable=False, comment="pending, done, failed, skipped"),
    Column("reason", String(32), nullable=False, server_default=""),
    Column("detail", Text, nullable=False, server_default=""),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("discovered_at", BigInteger, nullable=False),
    Column("requested_at", BigInteger),
    Column("finished_at", BigInteger),
    Column("sha256", String(64), comment="known bytes; may be set while files are still pending"),
    Column("bytes", BigInteger, comment="as in blobs; null: not known"),
    Column("animated", Boolean, comment="likewise"),
    UniqueConstraint("collection_id", "key"),
    Index("ix_images_status", "collection_id", "status", "reason"),
    Index("ix_images_sha256", "sha256", "bytes"),
    # Each of these two is empty in the other database: PostgreSQL has no ordered index of long texts, SQLite no other.
    Index("ix_images_author", "author", sqlite_where=text("0")),
    Index("ix_images_authors", "author", "collection_id", "status", "bytes", "animated"),
)
Index(
    "ix_images_pending",
    images.c.collection_id,
    images.c.host,
    images.c.id,
    sqlite_where=text("status = 'pending'"),
)
Index(
    "ix_images_detail",
    images.c.id,
    sqlite_where=text("status = 'done' AND detail <> ''"),
)

placements = Table(
    "placements",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("image_id", ForeignKey("images.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("collection_id", ForeignKey("collections.id"), nullable=False),
    Column("name", String(255), nullable=False, comment="file name without extension"),
    Column("file", String(255), comment="file name as published; null while pending"),
    Column("file_sha256", String(64), comment="of the file as we last published it"),
    Column("sidecars", JSON(none_as_null=True), comment="files beside it: name -> sha256, noted before writing"),
    Column("user_index", BigInteger),
    Column("post_index", BigInteger),
    Column("url_index", BigInteger),
    UniqueConstraint("collection_id", "name"),
)

generation = Table(
    "generation",
    metadata,
    Column("image_id", ForeignKey("images.id", ondelete="CASCADE"), primary_key=True),
    Column("prompt", Text),
    Column("negative_prompt", Text),
    Column("model", String(255), index=True),
    Column("base_model", String(64), index=True),
    Column("sampler", String(64), index=True),
    Column("seed", String(32), index=True),
    Column("uuid", String(36), index=True, comment="identity of the file at the source"),
    Column("cries", BigInteger, nullable=False),
    Column("laughs", BigInteger, nullable=False),
    Column("likes", BigInteger, nullable=False),
    Column("dislikes", BigInteger, nullable=False),
    Column("hearts", BigInteger, nullable=False, index=True),
    Column("comments", BigInteger, nullable=False),
    comment="what a source says of how a picture was generated and received, taken out of images.metadata",
)

source_tags = Table(
    "source_tags",
    metadata,
    Column("image_id", ForeignKey("images.id", ondelete="CASCADE"), primary_key=True),
    Column("tag", String(255), primary_key=True),
    Index("ix_source_tags_tag", "tag", "image_id"),
    comment="the tags a source gives an image",
)

blobs = Table(
    "blobs",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("ext", String(8), nullable=False),
    Column("format", String(16), nullable=False),
    Column("mode", String(16), nullable=False, comment="Pillow's word for the pixels in the file"),
    Column("width", Integer, nullable=False, comment="pixels, upright"),
    Column("height", Integer, nullable=False, comment="pixels, upright"),
    Column("bytes", BigInteger, nullable=False),
    Column("animated", Boolean, nullable=False),
    Column("frames", Integer, nullable=False),
    Column("phash", String(16), nullable=False, comment="64 bit, 16 hex digits; see docs/fingerprints.md"),
    Column("dhash", String(16), nullable=False),
    Column("average", String(16), nullable=False),
    Column("whash", String(16), nullable=False),
    Column("fingerprint_version", Integer, nullable=False, comment="which definition of the fingerprints"),
    Column("coefficients", LargeBinary, comment="64 floats of 16 bits: what phash is made of; null: not measured"),
    Column("embedded", JSON(none_as_null=True), comment="generation data found in the bytes; see docs/embedded.md"),
    Column("stored_at", BigInteger, nullable=False),
    Index("ix_blobs_measures", "format", "animated", "width", "height", "bytes"),
)

runs = Table(
    "runs",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("collection_id", ForeignKey("collections.id", ondelete="CASCADE"), nullable=False),
    Column("arguments", JSON, nullable=False),
    Column("version", String(32), nullable=False),
    Column("pid", Integer, nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("finished_at", BigInteger, comment="null: still running, or killed"),
    Column("outcome", String(64), comment="Scrapy's finish reason"),
    Column("counts", JSON, comment="images of this run by status"),
    Column("log_lines", Text, comment="lines of image_download.log of the last commit; null once they are there"),
    Column("log_offset", BigInteger, comment="size of that file before them"),
)

request_log = Table(
    "request_log",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("host", String(255), nullable=False),
    Column("at", BigInteger, nullable=False),
    Index("ix_request_log_host_at", "host", "at"),
    comment="requests to hosts that have a budget, for as long as its longest window",
)

site_users = Table(
    "site_users",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("site", String(32), nullable=False),
    Column("key", String(64), nullable=False, comment="the site's number or word for a user"),
    Column("name", Text, nullable=False, comment="as the site writes it"),
    Column("listed_at", BigInteger, comment="when all albums were last listed"),
    Column("finished_at", BigInteger, comment="when all albums were last read to their end"),
    UniqueConstraint("site", "key"),
    comment="users of a site who keep albums",
)

albums = Table(
    "albums",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("owner_id", ForeignKey("site_users.id", ondelete="CASCADE"), nullable=False),
    Column("key", String(64), nullable=False, comment="the site's number of it"),
    Column("name", Text, nullable=False, comment="as the site writes it"),
    Column("kind", String(16), nullable=False, comment="pictures, or galleries: known, not read"),
    Column("pages", Integer, nullable=False, server_default="0", comment="number of the last page seen, plus one"),
    Column("read_at", BigInteger, comment="when its pages were last read to the end"),
    Column("finished_at", BigInteger, comment="when all its images were last settled"),
    UniqueConstraint("owner_id", "key"),
)

album_images = Table(
    "album_images",
    metadata,
    Column("album_id", ForeignKey("albums.id", ondelete="CASCADE"), primary_key=True),
    Column("image_id", ForeignKey("images.id", ondelete="CASCADE"), primary_key=True, index=True),
    Column("position", Integer, nullable=False, comment="from 0, in the site's order; kept where the image fails"),
    Column("name", Text, nullable=False, server_default="", comment="the file's name at the site, where known"),
    comment="every occurrence of an image in an album",
)

tag_changes = Table(
    "tag_changes",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("origin", String(32), nullable=False, comment="who did it: the name of a command"),
    Column("undoes", ForeignKey("tag_changes.id"), index=True, comment="the change that this one takes back"),
    comment="append-only; one command's changes to the tags",
)

tag_log = Table(
    "tag_log",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("change_id", ForeignKey("tag_changes.id"), nullable=False),
    Column("action", String(8), nullable=False, comment="add, rename, move, delete; apply, clear on a picture"),
    Column("tag_id", Integer, nullable=False),
    Column("name", Text, comment="of add and rename"),
    Column("parent_id", Integer, comment="of add and move; null: at the top"),
    Column("sha256", String(64), index=True, comment="of apply and clear"),
    Index("ix_tag_log_change", "change_id", "action", "tag_id"),
    Index("ix_tag_log_pictures", "tag_id", "sha256", "action"),
    comment="append-only; the tags there are, and what has them, is derived",
)

pending_deletes = Table(
    "pending_deletes",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("path", Text, nullable=False, index=True, comment="relative to the data directory where it lies inside"),
    Column("folder", Text, nullable=False, comment="beginning of the path; nothing behind a link below it is touched"),
    Column("sha256", String(64), comment="of an output file as it was written; a file with other bytes is left"),
    Column("command", Text, nullable=False, comment="the arguments of scrapy remove"),
    comment="files of pictures that were removed, until they are gone",
)

decisions = Table(
    "decisions",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("origin", String(32), nullable=False, comment="who decided: the name of a command"),
    Column("undoes", _Id, comment="the decision that this one takes back; it gives no verdicts itself"),
    comment="append-only; the verdicts that one look at a group gave",
)

verdicts = Table(
    "verdicts",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("decision_id", ForeignKey("decisions.id"), nullable=False, index=True),
    Column("sha256", String(64), nullable=False, index=True),
    Column("verdict", String(8), nullable=False, comment="new, false, keep, skip"),
    Column("album_id", ForeignKey("albums.id", ondelete="CASCADE"), comment="set: on this occurrence only"),
    Column("image_id", ForeignKey("images.id", ondelete="CASCADE"), index=True, comment="likewise"),
    comment="append-only; the latest on a picture holds",
)

dedupe_runs = Table(
    "dedupe_runs",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("fingerprint_version", Integer, nullable=False, comment="of the fingerprints that were compared"),
    Column(
        "limits", JSON, nullable=False, comment="bits in which near-duplicates may differ, by method; and orientations"
    ),
    Column("started_at", BigInteger, nullable=False),
    Column("finished_at", BigInteger, comment="null: still running, or killed; what it found does not count"),
    comment="runs of scrapy dedupe",
)

dedupe_state = Table(
    "dedupe_state",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("run_id", ForeignKey("dedupe_runs.id"), nullable=False),
    Column("pixels", String(64), comment="sha256 of the decoded pixels, where it had to be known"),
    Column("low_detail", Boolean, comment="shows nothing to compare; null: not looked at yet"),
    sqlite_with_rowid=False,
    comment="blobs that were compared with all others",
)

pairs = Table(
    "pairs",
    metadata,
    Column("first", String(64), primary_key=True),
    Column("second", String(64), primary_key=True, index=True),
    Column("method", String(8), primary_key=True, comment="phash, dhash, average, whash, pixels"),
    Column("orientation", String(16), primary_key=True, comment="how the first looks like the second; empty: upright"),
    Column("score", Integer, nullable=False, comment="bits in which the hashes differ; 0 of pixels"),
    Column("run_id", ForeignKey("dedupe_runs.id"), nullable=False),
    sqlite_with_rowid=False,
    comment="near-duplicates; of blobs with equal hashes each is paired with the next only",
)


def set_postgresql_options() -> None:
    """Give the indexes of `images` what only PostgreSQL knows; above, it would load that dialect into every run."""
    options: dict[str, dict[str, object]] = {
        "ix_images_author": {"using": "hash"},
        "ix_images_authors": {"where": text("false")},
    }
    for index in images.indexes:
        sqlite_where = index.dialect_options["sqlite"]["where"]
        default = {} if sqlite_where is None else {"where": sqlite_where}
        index.dialect_options["postgresql"].update(options.get(str(index.name), default))
