"""The steps from one schema to the next, as Alembic has them; found also where the program runs from a zipped egg."""

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
    """Alembic over a folder of revisions."""

    def __init__(self, folder: Path) -> None:
        logging.getLogger("alembic").setLevel(logging.WARNING)
        self._config = Config()
        self._config.set_main_option("script_location", str(folder).replace("%", "%%"))

    def known_versions(self) -> set[str]:
        """Every schema that can be brought to the newest one."""
        return {script.revision for script in ScriptDirectory.from_config(self._config).walk_revisions()}

    def upgrade(self, connection: Connection, target: str = "head") -> None:
        """Bring the schema to the target, in the connection's transaction."""
        self._config.attributes["connection"] = connection
        command.upgrade(self._config, target)


@contextmanager
def open_revisions() -> Iterator[Revisions]:
    """Alembic reads files, so what lies in a zipped egg (scrapyd's) is unpacked while it is needed."""
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
