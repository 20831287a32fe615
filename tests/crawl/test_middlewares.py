"""What happens on the wire."""

from pathlib import Path

from tests import dataset_files as dataset
from tests.conftest import Commands
from tests.farsite.process import Farsite


def test_robots_txt_applies_to_all_waiting_requests(farsite: Farsite, commands: Commands, tmp_path: Path) -> None:
    """Many images of one host are asked for at once; each one that robots.txt forbids is skipped, none is fetched."""
    forbidden = [farsite.url(f"/forbidden/jpeg-rgb.jpg?{number}") for number in range(12)]
    commands.crawl(dataset.write(tmp_path, dataset.one_user([farsite.url("/photo/1.jpg"), *forbidden])))
    assert not [path for path in farsite.counts()["paths"] if "forbidden" in path]
    assert farsite.counts()["paths"]["/robots.txt"] == 1
    assert dataset.rows(commands.data, "SELECT reason, count(*) FROM images GROUP BY reason ORDER BY reason") == [
        ("", 1),
        ("robots", 12),
    ]


def test_user_agent_names_harvester_and_contact(farsite: Farsite, commands: Commands, tmp_path: Path) -> None:
    """The User-Agent names harvester and the contact that was set, for robots.txt and images alike."""
    commands.crawl(
        dataset.write(tmp_path, dataset.one_user([farsite.url("/photo/1.jpg")])), "-s", "HARVESTER_CONTACT=me@x.example"
    )
    agents = {entry["user_agent"] for entry in farsite.log()}
    assert len(agents) == 1
    (agent,) = agents
    assert agent.startswith("harvester/")
    assert "contact: me@x.example" in agent


def test_disabled_parts_of_scrapy_are_not_imported(farsite: Farsite, commands: Commands, tmp_path: Path) -> None:
    """Cookies and remote control bring a quarter of a second of imports with them, unless they are wanted."""
    commands.environment["PYTHONPROFILEIMPORTTIME"] = "1"
    files = dataset.write(tmp_path, dataset.one_user([farsite.url("/photo/1.jpg")]))
    modules = ("aiohttp.web", "tldextract")  # what remote control and cookies import, each alone
    assert not [name for name in modules if f"| {name}" in commands.crawl(files).stderr.replace("  ", "")]
    with_cookies = commands.crawl(files, "-s", "COOKIES_ENABLED=1").stderr.replace("  ", "")
    assert [name for name in modules if f"| {name}" in with_cookies] == ["tldextract"]
