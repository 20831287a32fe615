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


def test_the_egg_holds_the_revisions_of_the_catalogue(egg: Path, tmp_path: Path) -> None:
    """They are found in the zip, while those of the checkout are out of reach, and a new catalogue is made."""
    program = OPEN_CATALOGUE_PROGRAM.format(str(egg)) + (
        "from harvester.catalogue import revisions\n"
        "with revisions.open_revisions() as known: print(*known.known_versions())\n"
        f"store.open_catalogue('sqlite:///{tmp_path}/catalogue.db').dispose()"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, text=True, capture_output=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(str(egg))
    assert HEAD in done.stdout.split()
    assert rows(tmp_path, "SELECT version_num FROM alembic_version") == [(HEAD,)]
