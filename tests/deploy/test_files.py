"""The files of deploy/ are taken by those they are written for."""

import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from harvester import settings
from tests import dataset_files as dataset
from tests.conftest import ROOT, Commands
from tests.dataset_files import rows
from tests.deploy.scrapyd import BINARIES
from tests.farsite.process import Farsite
from tests.spiders.mastodon.test_timelines import add_posts

DEPLOY = ROOT / "deploy"
UNITS = ("scrapyd.service", "harvester@.service", "harvester@.timer")


@pytest.fixture
def alice(farsite: Farsite) -> Iterator[Farsite]:
    """A server whose account alice may be given more posts."""
    yield farsite
    add_posts(farsite, "alice", 0)


def _for_this_checkout(text: str) -> str:
    """With the environment of this checkout in place of the installed one."""
    return text.replace("/opt/harvester/.venv-scrapyd/bin", str(BINARIES))


def _values_of_key(name: str, key: str) -> list[str]:
    """The values of a key in a unit or of an instruction in the Dockerfile, continuation lines joined."""
    text = (DEPLOY / name).read_text(encoding="utf-8").replace("\\\n", " ")
    return re.findall(rf"^{key}[= ](.*)$", text, re.MULTILINE)


def test_systemd_accepts_the_units(tmp_path: Path) -> None:
    """`systemd-analyze verify` has nothing to say: every word is known, every program is there."""
    for name in UNITS:
        (tmp_path / name).write_text(_for_this_checkout((DEPLOY / name).read_text(encoding="utf-8")), encoding="utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", *(str(tmp_path / name) for name in UNITS)],
        text=True,
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_the_service_waits_for_its_jobs() -> None:
    """SIGTERM goes to every process, and there are minutes to end; otherwise jobs would be orphans or killed."""
    assert _values_of_key("scrapyd.service", "KillMode") == ["control-group"]
    assert _values_of_key("scrapyd.service", "TimeoutStopSec") == ["5min"]


def test_the_nightly_crawl_fetches_only_what_is_new(alice: Farsite, commands: Commands, tmp_path: Path) -> None:
    """The command of the unit, run on two nights; in between alice posts three times."""
    accounts, data = tmp_path / "hills.csv", commands.data
    accounts.write_text("id,acct\n1,alice\n", encoding="utf-8")
    (command,) = _values_of_key("harvester@.service", "ExecStart")
    command = command.replace("/etc/harvester/accounts/%i.csv", str(accounts)).replace("%i", "hills")
    words = shlex.split(command.replace("/var/lib/harvester/data", str(data)))
    assert words[0] == "/opt/harvester/.venv-scrapyd/bin/scrapy"
    done_counts = []
    for extra in (0, 3):
        add_posts(alice, "alice", extra)
        alice.clear()
        done = commands.scrapy(*words[1:], "-a", f"instance={alice.url('/m/mastodon')}")
        assert done.returncode == 0, done.stderr
        done_counts.append(rows(data, "SELECT count(*) FROM images WHERE status = 'done'")[0][0])
    assert done_counts[0] > 20
    assert done_counts[1] > done_counts[0]
    fetched = sum(number for path, number in alice.counts()["paths"].items() if "/numbered/" in path)
    assert fetched == done_counts[1] - done_counts[0]
    assert rows(data, "SELECT DISTINCT directory FROM collections") == [("images/hills",)]


def test_the_image_holds_all_that_a_crawl_needs(farsite: Farsite, commands: Commands, tmp_path: Path) -> None:
    """What the Dockerfile copies is not ignored, and its entry point runs on nothing else."""
    included = {
        line[1:] for line in (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines() if line.startswith("!")
    }
    image = tmp_path / "image"
    image.mkdir()
    for source, target in (line.split() for line in _values_of_key("Dockerfile", "COPY")):
        assert source in included
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, image / target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / source, image / target)
    assert _values_of_key("Dockerfile", "ENTRYPOINT") == ['["scrapy"]']
    files = dataset.write(tmp_path, dataset.one_user([farsite.url("/photo/1.jpg")]))
    words = [str(BINARIES / "scrapy"), "crawl", "mastodon", *files.arguments]
    done = subprocess.run(words, **commands.options() | {"cwd": image}, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert len(list((commands.data / "images/mastodon").iterdir())) == 1


def test_the_example_of_an_environment_names_settings() -> None:
    """Every variable is read by settings.py or by scrapyd."""
    names = re.findall(r"^#? ?([A-Z_]+)=", (DEPLOY / "environment.example").read_text(encoding="utf-8"), re.MULTILINE)
    assert len(names) == 6
    assert [name for name in names if not name.startswith("SCRAPYD_") and not hasattr(settings, name)] == []
