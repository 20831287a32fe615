"""One egg for all tests of this folder: to build it takes some seconds."""

from pathlib import Path

import pytest

from tests.deploy.scrapyd import copy_project, deploy


@pytest.fixture(scope="session")
def egg(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project as scrapyd-deploy packs it."""
    folder = tmp_path_factory.mktemp("egg")
    deploy(copy_project(folder / "project"), "--build-egg", str(folder / "harvester.egg"))
    return folder / "harvester.egg"
