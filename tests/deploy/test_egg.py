"""The project runs from the zipped egg that scrapyd-deploy makes of it."""

import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

from harvester.catalogue.schema import HEAD
from tests.conftest import ROOT
from tests.dataset_files import rows

OPEN_CATALOGUE_PROGRAM = (
    "import sys; sys.path.insert(0, {!r}); from harvester.catalogue import store; print(store.__file__)\n"
)


def _sources(names: set[str]) -> set[str]:
    return {name for name in names if "__pycache__" not in name}


def test_the_egg_carries_every_file_of_the_package(egg: Path) -> None:
    """Code, migrations and whatever else lies in harvester/; data files must be declared in pyproject.toml."""
    package_files = {str(path.relative_to(ROOT)) for path in (ROOT / "harvester").rglob("*") if path.is_file()}
    with ZipFile(egg) as packed:
        egg_files = {name for name in packed.namelist() if name.startswith("harvester/")}
    assert _sources(egg_files) == _sources(package_files)


def test_a_catalogue_is_made_by_the_revisions_of_the_egg(egg: Path, tmp_path: Path) -> None:
    """The revisions are found in the zip; those of the checkout are out of reach."""
    program = OPEN_CATALOGUE_PROGRAM.format(str(egg)) + (
        "from sqlalchemy import create_engine\n"
        f"with store.open_revisions() as r, create_engine('sqlite:///{tmp_path}/catalogue.db').begin() as c:\n"
        "    r.upgrade(c)\n"
        f"store.open_catalogue('sqlite:///{tmp_path}/catalogue.db').dispose()"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, text=True, capture_output=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(str(egg))
    assert rows(tmp_path, "SELECT version_num FROM alembic_version") == [(HEAD,)]
