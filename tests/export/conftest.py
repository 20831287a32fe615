"""One collection of all three sites, harvested once; each test works on a copy of its own."""

from pathlib import Path

import pytest

from tests import dataset_files as dataset
from tests.conftest import Commands
from tests.farsite.imagefap.client import Imagefap
from tests.farsite.process import Farsite
from tests.forked_commands import ForkedCommands

PATHS = ("/photo/0.jpg", "/photo/1.jpg", "/photo/1.jpg?again", "/kind/png-rgba.png", "/kind/webp.webp",
         "/kind/jpeg-cmyk.jpg", "/kind/gif-animated.gif", "/kind/large.jpg", "/status/404")  # fmt: skip
"""Two addresses of the same bytes, five formats, a large one, one that is gone."""


@pytest.fixture(scope="session")
def harvested_data(server: Farsite, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data directory of the collection that is copied."""
    folder = tmp_path_factory.mktemp("harvest")
    commands = ForkedCommands(folder / "data")
    commands.crawl(dataset.write(folder, dataset.one_user([server.url(path) for path in PATHS])),
                   "-s", "DOWNLOAD_TIMEOUT=30")  # fmt: skip
    commands.environment["CIVITAI_BASE_URL"] = server.url("")
    commands.harvest("civitai", "ids=2,3,13", "min_count=-1")
    commands.environment["IMAGEFAP_BASE_URL"] = Imagefap(server, "exports").reset().base
    commands.harvest("imagefap", "user=alice")
    return commands.data


@pytest.fixture
def harvested(harvested_data: Path, tmp_path: Path) -> Commands:
    """Commands on a copy of it."""
    copied = ForkedCommands(tmp_path / "data")
    copied.copy_data_from(harvested_data)
    return copied
