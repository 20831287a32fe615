"""The last lines of image_download.log, noted with the outcomes that they tell, as a kill may come before the file."""

from sqlalchemy import Connection, bindparam, select, update

from harvester.catalogue.schema import runs

_NOTE = (
    update(runs)
    .where(runs.c.id == bindparam("b_run"))
    .values(log_lines=bindparam("b_lines"), log_offset=bindparam("b_offset"))
)


def note_lines(connection: Connection, run: int, lines: str, offset: int) -> None:
    """Note the lines that a run writes next, when its file has `offset` bytes; the earlier ones are written."""
    connection.execute(_NOTE, {"b_run": run, "b_lines": lines, "b_offset": offset})


def unlogged_lines(connection: Connection, collection: int) -> list[tuple[str, int]]:
    """The last lines of each killed run of a collection, some of which may be in the file, and its size before them."""
    query = select(runs.c.log_lines, runs.c.log_offset).where(
        runs.c.collection_id == collection, runs.c.log_lines.is_not(None)
    )
    return [(lines, offset) for lines, offset in connection.execute(query.order_by(runs.c.id))]


def forget_lines(connection: Connection, collection: int) -> None:
    """Forget the lines that have been noted: all of them are in the file."""
    is_noted = runs.c.log_lines.is_not(None)
    connection.execute(update(runs).where(runs.c.collection_id == collection, is_noted).values(log_lines=None))
