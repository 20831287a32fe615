"""Fixtures that every test shares: the loopback server, and a way to run commands as a user would."""

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.dataset_files import DataSet
from tests.farsite.process import Farsite, run_farsite
from tests.postgres import Postgres
from tests.postgres import run_postgres as postgres_running

ROOT = Path(__file__).parent.parent

FAST_SETTINGS = {
    "AUTOTHROTTLE_START_DELAY": "0.01",
    "DOWNLOAD_TIMEOUT": "4",
    "LOGSTATS_INTERVAL": "1",
    "HARVESTER_BACKOFF": "0.05",
    "MASTODON_PAGE_SECONDS": "0",
}
"""Settings that only make tests shorter."""

LOOPBACK = "127.0.0.0/8, ::1/128"
"""Where the tests' servers are; without this no crawl reaches them."""


@dataclass
class Commands:
    """Runs `scrapy …` in a child process, with a data directory of its own."""

    data: Path
    environment: dict[str, str] = field(default_factory=dict)

    def scrapy(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """The finished command with its output."""
        return subprocess.run(self.command(*arguments), **self.options(), timeout=120, check=False)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """The running command; the caller stops it."""
        return subprocess.Popen(self.command(*arguments), **self.options())

    def copy_data_from(self, template: Path) -> None:
        """Make the data directory a copy of another, hard links and all."""
        subprocess.run(["cp", "-a", str(template), str(self.data)], check=True)

    def crawl(self, files: DataSet, *arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        """`scrapy crawl mastodon` over a data set; it must end with this exit code: 1 if every image fails alike."""
        done = self.scrapy("crawl", "mastodon", *files.arguments, *arguments)
        assert done.returncode == code, done.stderr
        assert "Traceback" not in done.stderr, done.stderr
        return done

    def harvest(
        self, spider: str, *arguments: str, options: Sequence[str] = (), code: int = 0
    ) -> subprocess.CompletedProcess[str]:
        """`scrapy crawl SPIDER -a …` of a site, with further options of Scrapy's; it must end with this exit code."""
        flags = [word for text in arguments for word in ("-a", text)]
        done = self.scrapy("crawl", spider, "-s", "DOWNLOAD_TIMEOUT=15", *flags, *options)
        assert done.returncode == code, done.stderr
        assert "Traceback" not in done.stderr, done.stderr
        return done

    @staticmethod
    def command(*arguments: str) -> list[str]:
        """Warnings of our own code are errors in the child too."""
        fast_options = [word for name, value in FAST_SETTINGS.items() for word in ("-s", f"{name}={value}")]
        options = fast_options if arguments[0] == "crawl" else []
        return [sys.executable, "-m", "scrapy", arguments[0], *arguments[1:2], *options, *arguments[2:]]

    def options(self) -> dict[str, object]:
        """How a child is started."""
        settings = {
            "HARVESTER_DATA_DIR": str(self.data),
            "HARVESTER_ALLOW_NETWORKS": LOOPBACK,
            "PYTHONWARNINGS": "error",
        }
        environment = os.environ | settings | self.environment
        return {"cwd": ROOT, "env": environment, "text": True, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}


@pytest.fixture(scope="session")
def server() -> Iterator[Farsite]:
    """One loopback server for all tests."""
    with run_farsite() as site:
        yield site


@pytest.fixture
def farsite(server: Farsite) -> Farsite:
    """The loopback server with an empty log."""
    server.clear()
    return server


@pytest.fixture
def commands(tmp_path: Path) -> Commands:
    """Commands on an empty data directory, which does not exist yet."""
    return Commands(tmp_path / "data")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """One PostgreSQL server for all tests that want one."""
    with postgres_running() as server:
        yield server
