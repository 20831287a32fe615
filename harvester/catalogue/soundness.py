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
    log = path.with_name(f"{path.name}-wal")
    return path.is_file() and any(file.is_file() and file.stat().st_size > 0 for file in (path, log))


def check_emptied(path: Path) -> None:
    """A catalogue that was emptied is not begun anew while blobs beside it say that there was more."""
    blobs = path.parent / "blobs"
    if path.is_file() and not has_data(path) and blobs.is_dir() and any(blobs.iterdir()):
        raise CatalogueError(
            f"The catalogue {path} is an empty file, though there are blobs beside it. Restore a backup, or remove the "
            "file to begin anew."
        )


def revision(connection: Connection, where: str) -> str | None:
    """The version of the schema; None for an empty database."""
    tables = set(inspect(connection).get_table_names())
    if not tables:
        return None
    if "alembic_version" not in tables:
        raise CatalogueError(f"{where} is a database of something else, not a catalogue of harvester.")
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalars().all()
    if len(found) != 1 or not isinstance(found[0], str):
        told = f"it names {len(found)} versions of its schema" if len(found) != 1 else "its schema has no version"
        raise CatalogueError(f"The catalogue {where} is damaged: {told}, which must be one. {_ADVICE}.")
    return found[0]


def check(connection: Connection, where: str) -> None:
    """Every table and every column of the schema is there."""
    there = {table: {column["name"] for column in columns} for (_, table), columns in _columns(connection).items()}
    for table in metadata.sorted_tables:
        if table.name not in there:
            raise CatalogueError(f"The catalogue {where} is damaged: it has no table {table.name}. {_ADVICE}.")
        if missing := [column.name for column in table.columns if column.name not in there[table.name]]:
            told = f"its table {table.name} has no column {missing[0]}"
            raise CatalogueError(f"The catalogue {where} is damaged: {told}. {_ADVICE}.")


def misfit(engine: Engine) -> str:
    """A value that its column cannot hold, such as a word for a number; empty where there is none.

    SQLite keeps whatever it is given. All of the catalogue is read: for finding out why something went wrong.
    """
    if engine.dialect.name != "sqlite":
        return ""
    with engine.connect() as connection:
        for table in metadata.sorted_tables:
            numbered = table.dialect_options["sqlite"]["with_rowid"]
            number = text("rowid") if numbered else func.quote(next(iter(table.primary_key)))
            for column in table.columns:
                row = connection.execute(
                    select(number).select_from(table).where(column.is_not(None), _wrong(column)).limit(1)
                ).scalar()
                if row is not None:
                    return f"{table.name}.{column.name} of row {row}"
    return ""


def _columns(connection: Connection) -> dict[tuple[str | None, str], list[dict[str, object]]]:
    found = inspect(connection).get_multi_columns(filter_names=[*metadata.tables])
    return {key: [dict(column) for column in columns] for key, columns in found.items()}


def _wrong(column: ColumnElement[object]) -> ColumnElement[bool]:
    kind: TypeEngine[object] = column.type
    stored = func.typeof(column)
    if isinstance(kind, Integer | Boolean):
        return stored != "integer"
    if isinstance(kind, String | Text):
        return stored != "text"
    if isinstance(kind, LargeBinary):
        return stored != "blob"
    return or_(stored != "text", and_(stored == "text", not_(func.json_valid(column))))
