"""Revisions of the schema, applied by Alembic, which takes a fifth of a second to load: import this only on demand."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from tempfile import TemporaryDirectory

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection


class Revisions:
    """Alembic, applied to a folder of revisions."""

    def __init__(self, folder: Path) -> None:
        logging.getLogger("alembic").setLevel(logging.WARNING)
        self._config = Config()
        self._config.set_main_option("script_location", str(folder).replace("%", "%%"))

    def known_versions(self) -> set[str]:
        """Every schema version that can be upgraded."""
        return {script.revision for script in ScriptDirectory.from_config(self._config).walk_revisions()}

    def upgrade(self, connection: Connection, target: str = "head") -> None:
        """Upgrade the schema to the target, in the connection's transaction."""
        self._config.attributes["connection"] = connection
        command.upgrade(self._config, target)


@contextmanager
def open_revisions() -> Iterator[Revisions]:
    """The revisions of the schema. Alembic reads files, so a zipped egg (as of scrapyd) is unpacked meanwhile."""
    folder = files("harvester.catalogue") / "migrations"
    if isinstance(folder, Path):
        yield Revisions(folder)
        return
    with TemporaryDirectory(prefix="harvester-") as unpacked:
        _unpack(folder, Path(unpacked))
        yield Revisions(Path(unpacked))


def _unpack(folder: Traversable, target: Path) -> None:
    for entry in folder.iterdir():
        if entry.is_dir():
            (target / entry.name).mkdir()
            _unpack(entry, target / entry.name)
        else:
            (target / entry.name).write_bytes(entry.read_bytes())
