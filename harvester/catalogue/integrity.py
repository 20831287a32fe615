"""Checks that a database is a complete catalogue, made before anything in it is changed.

The checks raise CatalogueError.
"""

from pathlib import Path

from sqlalchemy import Connection, Engine, String, Text, and_, func, inspect, not_, or_, select, text
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.types import Boolean, Integer, LargeBinary, TypeEngine

from harvester.catalogue.schema import metadata
from harvester.errors import CatalogueError

_ADVICE = "Nothing was changed. Restore a backup, or point HARVESTER_CATALOGUE elsewhere"


def has_data(path: Path) -> bool:
    """Whether there is a SQLite file with data in it or in its write-ahead log."""
    wal = path.with_name(f"{path.name}-wal")
    return path.is_file() and any(file.is_file() and file.stat().st_size > 0 for file in (path, wal))


def check_not_truncated(path: Path) -> None:
    """Raise CatalogueError if the catalogue is empty although there are blobs beside it."""
    blob_folder = path.parent / "blobs"
    if path.is_file() and not has_data(path) and blob_folder.is_dir() and any(blob_folder.iterdir()):
        raise CatalogueError(
            f"The catalogue {path} is an empty file, although there are blobs beside it. Restore a backup, or delete "
            "the file to start again."
        )


def schema_version(connection: Connection, where: str) -> str | None:
    """The version of the schema; None for an empty database. Raises CatalogueError if it is invalid."""
    tables = set(inspect(connection).get_table_names())
    if not tables:
        return None
    if "alembic_version" not in tables:
        raise CatalogueError(f"{where} is the database of another program, not a harvester catalogue.")
    versions = connection.execute(text("SELECT version_num FROM alembic_version")).scalars().all()
    if len(versions) != 1 or not isinstance(versions[0], str):
        problem = f"it has {len(versions)} schema versions" if len(versions) != 1 else "its schema version is invalid"
        raise CatalogueError(f"The catalogue {where} is damaged: {problem}; it must have exactly one. {_ADVICE}.")
    return versions[0]


def check_schema(connection: Connection, where: str) -> None:
    """Raise CatalogueError if a table or column of the schema is missing."""
    columns_by_table = {
        table: {column["name"] for column in columns} for (_, table), columns in _columns_by_table(connection).items()
    }
    for table in metadata.sorted_tables:
        if table.name not in columns_by_table:
            raise CatalogueError(f"The catalogue {where} is damaged: it has no table {table.name}. {_ADVICE}.")
        if missing := [column.name for column in table.columns if column.name not in columns_by_table[table.name]]:
            problem = f"its table {table.name} has no column {missing[0]}"
            raise CatalogueError(f"The catalogue {where} is damaged: {problem}. {_ADVICE}.")


def find_invalid_value(engine: Engine) -> str:
    """The place of a value that does not fit its column, such as text in a number column; empty if there is none.

    SQLite stores values of any type. This reads the whole catalogue, so call it only to explain an error.
    """
    if engine.dialect.name != "sqlite":
        return ""
    with engine.connect() as connection:
        for table in metadata.sorted_tables:
            has_rowid = table.dialect_options["sqlite"]["with_rowid"]
            rowid = text("rowid") if has_rowid else func.quote(next(iter(table.primary_key)))
            for column in table.columns:
                row = connection.execute(
                    select(rowid).select_from(table).where(column.is_not(None), _is_invalid(column)).limit(1)
                ).scalar()
                if row is not None:
                    return f"{table.name}.{column.name} of row {row}"
    return ""


def _columns_by_table(connection: Connection) -> dict[tuple[str | None, str], list[dict[str, object]]]:
    tables = inspect(connection).get_multi_columns(filter_names=[*metadata.tables])
    return {key: [dict(column) for column in columns] for key, columns in tables.items()}


def _is_invalid(column: ColumnElement[object]) -> ColumnElement[bool]:
    column_type: TypeEngine[object] = column.type
    storage_class = func.typeof(column)
    if isinstance(column_type, Integer | Boolean):
        return storage_class != "integer"
    if isinstance(column_type, String | Text):
        return storage_class != "text"
    if isinstance(column_type, LargeBinary):
        return storage_class != "blob"
    return or_(storage_class != "text", and_(storage_class == "text", not_(func.json_valid(column))))
