"""Whether a database is a catalogue, and a whole one, before anything in it is changed. Raises CatalogueError."""

from pathlib import Path

from sqlalchemy import Connection, Engine, String, Text, and_, func, inspect, not_, or_, select, text
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.types import Boolean, Integer, LargeBinary, TypeEngine

from harvester.catalogue.schema import metadata
from harvester.errors import CatalogueError

_ADVICE = "Nothing was changed. Restore a backup, or point HARVESTER_CATALOGUE elsewhere"


def has_data(path: Path) -> bool:
    """Whether there is a file of SQLite's, and something in it or in its log."""
    wal = path.with_name(f"{path.name}-wal")
    return path.is_file() and any(file.is_file() and file.stat().st_size > 0 for file in (path, wal))


def check_not_truncated(path: Path) -> None:
    """A catalogue that was emptied is not begun anew while blobs beside it say that there was more."""
    blob_folder = path.parent / "blobs"
    if path.is_file() and not has_data(path) and blob_folder.is_dir() and any(blob_folder.iterdir()):
        raise CatalogueError(
            f"The catalogue {path} is an empty file, though there are blobs beside it. Restore a backup, or remove the "
            "file to begin anew."
        )


def schema_version(connection: Connection, where: str) -> str | None:
    """The version of the schema; None for an empty database."""
    tables = set(inspect(connection).get_table_names())
    if not tables:
        return None
    if "alembic_version" not in tables:
        raise CatalogueError(f"{where} is a database of something else, not a catalogue of harvester.")
    versions = connection.execute(text("SELECT version_num FROM alembic_version")).scalars().all()
    if len(versions) != 1 or not isinstance(versions[0], str):
        problem = (
            f"it names {len(versions)} versions of its schema" if len(versions) != 1 else "its schema has no version"
        )
        raise CatalogueError(f"The catalogue {where} is damaged: {problem}, which must be one. {_ADVICE}.")
    return versions[0]


def check_schema(connection: Connection, where: str) -> None:
    """Every table and every column of the schema is there."""
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
    """A value that its column cannot hold, such as a word for a number; empty where there is none.

    SQLite keeps whatever it is given. All of the catalogue is read: for finding out why something went wrong.
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
