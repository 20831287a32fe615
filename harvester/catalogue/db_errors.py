"""Database errors as one sentence that says what to do.

SQLite describes its errors only in words, so the messages are matched by keyword.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from harvester.catalogue.integrity import find_invalid_value
from harvester.errors import CatalogueError

_MESSAGES = {
    "malformed": "is damaged ({said}). Nothing more was written. Keep a copy of the file, then restore a backup or "
    "rescue what can be read with: sqlite3 {where} .recover",
    "not a database": "is not a catalogue: {said}. It was left as it is; move it away, or point HARVESTER_CATALOGUE "
    "elsewhere",
    "locked": "has been locked by another process for too long ({said}). Wait until it ends, or stop it",
    "readonly": "cannot be written ({said}): the file or its folder is read-only",
    "unable to open": "cannot be opened ({said}): check that its folder exists and can be read and written",
    "disk is full": "cannot be written: no space is left ({said}). Make room; the same command continues",
    "disk i/o": "cannot be written or read: the disk refuses ({said}). It may be full or failing; make room, and the "
    "same command continues",
}


def message(error: DBAPIError, where: str) -> str:
    """A sentence about a database error, for the catalogue at `where`."""
    db_message = str(error.orig).strip().partition("\n")[0]
    for keyword, template in _MESSAGES.items():
        if keyword in db_message.lower():
            return f"The catalogue {where} {template.format(said=db_message, where=where)}."
    return f"The catalogue {where} cannot be used: {db_message}."


@contextmanager
def translate_db_errors(engine: Engine) -> Iterator[None]:
    """Raise database errors inside the block as CatalogueError; leave the other errors of harvester as they are."""
    try:
        yield
    except DBAPIError as error:
        raise as_catalogue_error(error, engine) from error
    except (TypeError, ValueError, AttributeError, KeyError) as error:
        if not (value := find_invalid_value(engine)):
            raise
        problem = f"is damaged: {value} has an invalid value. Keep a copy of the file and restore a backup"
        raise CatalogueError(f"The catalogue {_display_address(engine)} {problem}.") from error


def as_catalogue_error(error: DBAPIError, engine: Engine) -> CatalogueError:
    """The CatalogueError to raise for a database error."""
    return CatalogueError(message(error, _display_address(engine)))


def _display_address(engine: Engine) -> str:
    url = engine.url
    return str(url.database) if url.get_backend_name() == "sqlite" else url.render_as_string(hide_password=True)
