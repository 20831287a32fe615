"""Opening the catalogue: connection, pragmas and schema version."""

import os
import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from harvester.catalogue import integrity
from harvester.catalogue.db_errors import as_catalogue_error
from harvester.catalogue.file_guard import FileGuard
from harvester.catalogue.schema import HEAD, metadata, set_postgresql_options
from harvester.errors import CatalogueError, UsageProblem

MAX_UPGRADE_ATTEMPTS = 50
"""Attempts, a tenth of a second apart."""


def open_catalogue(address: str | Path) -> Engine:
    """Open the catalogue in a SQLite file or at a SQLAlchemy URL; create or upgrade it if needed.

    Raises UsageProblem for an address SQLAlchemy cannot use and CatalogueError for a catalogue that cannot be used.
    """
    url = _parse_address(address)
    if _is_sqlite_file(url):
        _make_folder(Path(str(url.database)))
        integrity.check_not_truncated(Path(str(url.database)))
    engine = _create_engine(url)
    if _is_sqlite_file(url):
        FileGuard.install(engine, Path(str(url.database)))
    try:
        _upgrade_with_retries(engine, url)
    except DBAPIError as error:
        engine.dispose()
        raise as_catalogue_error(error, engine) from error
    except CatalogueError:
        engine.dispose()
        raise
    return engine


def open_existing(address: str | Path) -> Engine | None:
    """Like `open_catalogue`, but return None and create nothing if there is no catalogue yet."""
    url = _parse_address(address)
    if _is_sqlite_file(url) and not integrity.has_data(Path(str(url.database))):
        return None
    return open_catalogue(address)


def display_address(url: URL) -> str:
    """The address in printable form: the path of the file, or the URL with its password hidden."""
    return str(url.database) if _is_sqlite_file(url) else url.render_as_string(hide_password=True)


def _parse_address(address: str | Path) -> URL:
    if isinstance(address, Path):  # a path may hold characters that are special in a URL
        return URL.create("sqlite", database=str(address))
    try:
        url = make_url(address)
    except ArgumentError as error:
        raise UsageProblem(
            f"HARVESTER_CATALOGUE: {_mask_password(str(address))!r} is not a SQLAlchemy URL such as sqlite:////abs/path.db."
        ) from error
    if url.get_backend_name() == "sqlite" and url.database in (None, "", ":memory:"):
        raise UsageProblem(f"HARVESTER_CATALOGUE: {address} names no file, so nothing would be saved.")
    return url


def _mask_password(address: str) -> str:
    """Hide everything before an @: in text that is not a URL the password may be anywhere."""
    return re.sub(r".*@", "…@", address, flags=re.DOTALL)


def _is_sqlite_file(url: URL) -> bool:
    return url.get_backend_name() == "sqlite"


def _make_folder(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CatalogueError(f"The folder of the catalogue {path} cannot be created: {error.strerror}.") from error


def _create_engine(url: URL) -> Engine:
    if _is_sqlite_file(url) and _is_read_only(Path(str(url.database))):
        return create_engine(url, creator=lambda: _connect_immutable(str(url.database)))
    try:
        engine = create_engine(url, connect_args=_lock_timeout(url), hide_parameters=True)
    except (NoSuchModuleError, ImportError) as error:
        raise UsageProblem(f"HARVESTER_CATALOGUE: no driver for {url.drivername} is installed ({error}).") from error
    if url.get_backend_name() == "sqlite":
        event.listen(engine, "connect", _set_pragmas)
    return engine


def _lock_timeout(url: URL) -> dict[str, int]:
    """SQLite waits half a minute for another writer, or as long as ?timeout= in the URL says."""
    return {"timeout": 30} if _is_sqlite_file(url) and "timeout" not in url.query else {}


def _is_read_only(path: Path) -> bool:
    """Whether SQLite must open the file as immutable: in a read-only folder it cannot create its log files."""
    wal = path.with_name(f"{path.name}-wal")
    return path.is_file() and not os.access(path.parent, os.W_OK) and not (wal.exists() and wal.stat().st_size)


def _connect_immutable(path: str) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{quote(path)}?immutable=1", uri=True, check_same_thread=False)


def _set_pragmas(connection: Any, _record: Any) -> None:
    # NORMAL: a commit survives a killed process. After a power cut the last commits may be missing, so that some images
    # are requested again.
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA foreign_keys = ON")


def _enable_wal(engine: Engine, url: URL) -> None:
    """Switch to a write-ahead log, so that readers never wait for the writer.

    This changes the file, so it is done only once the file is known to be a catalogue.
    """
    if _is_sqlite_file(url) and not _is_read_only(Path(str(url.database))):
        with engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA journal_mode = WAL")


def _upgrade_with_retries(engine: Engine, url: URL) -> None:
    """Upgrade the schema; wait if another process is creating the same tables."""
    for _ in range(MAX_UPGRADE_ATTEMPTS):
        try:
            return _upgrade_schema(engine, url)
        except DBAPIError as error:
            if "already exists" not in str(error.orig):
                raise
            time.sleep(0.1)
    return _upgrade_schema(engine, url)


def _upgrade_schema(engine: Engine, url: URL) -> None:
    with engine.connect() as connection:
        revision = integrity.schema_version(connection, display_address(url))
    if revision not in (None, HEAD):
        _check_known(revision, url)
    _enable_wal(engine, url)
    if revision is None:
        _create_schema(engine)
    elif revision != HEAD:
        _migrate_schema(engine)
    with engine.connect() as connection:
        integrity.check_schema(connection, display_address(url))


@contextmanager
def _schema_transaction(engine: Engine) -> Iterator[Connection]:
    """A transaction that also covers CREATE TABLE, for which Python's SQLite begins none by itself."""
    with engine.begin() as connection:
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        yield connection


def _create_schema(engine: Engine) -> None:
    """Create the newest schema; its revisions are for older catalogues."""
    if engine.dialect.name == "postgresql":
        set_postgresql_options()
    with _schema_transaction(engine) as connection:
        if inspect(connection).has_table("alembic_version"):  # another process was faster
            return
        metadata.create_all(connection, checkfirst=False)
        connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)"))
        connection.execute(text("INSERT INTO alembic_version VALUES (:head)"), {"head": HEAD})


def _migrate_schema(engine: Engine) -> None:
    from harvester.catalogue.revisions import open_revisions  # takes a fifth of a second

    with open_revisions() as migrations, _schema_transaction(engine) as connection:
        migrations.upgrade(connection)


def _check_known(revision: str | None, url: URL) -> None:
    from harvester.catalogue.revisions import open_revisions

    with open_revisions() as migrations:
        if revision not in migrations.known_versions():
            raise CatalogueError(
                f"The catalogue {display_address(url)} was written by a newer harvester, or by one from before 0.1.0 "
                f"(schema {revision}, this one knows {HEAD}): use that one, or point HARVESTER_CATALOGUE elsewhere."
            )
