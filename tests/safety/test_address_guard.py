"""Nothing gets in where it may not: proven at a server that stands where hostile URLs lead."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from tests import dataset_files as dataset
from tests.conftest import Commands
from tests.dataset_files import rows
from tests.farsite.process import Farsite
from tests.safety import dns
from tests.safety.dns import Nameserver

INSIDE = "127.0.0.2"
"""Plays the private address: only 127.0.0.1 is opened in these tests, and so plays the public one."""

_LOOPBACK_SPELLINGS = """127.0.0.1 127.0.0.1. 2130706433 0x7f000001 0x7F.1 017700000001 0177.0.0.1 127.1 0 localhost
LOCALHOST localhost. x.localhost [::1] [::] [::ffff:127.0.0.1] [::ffff:7f00:1] [64:ff9b::7f00:1] [2002:7f00:1::]
１２７.0.0.1 127。0。0。1 ①②⑦.0.0.1 10.0.0.1 169.254.169.254 [fd00:ec2::254] [fe80::1] 100.64.0.1 224.0.0.1
255.255.255.255"""


@pytest.fixture
def restricted_commands(commands: Commands) -> Commands:
    """Commands for which 127.0.0.1 is the outside and all else of loopback the inside."""
    commands.environment["HARVESTER_ALLOW_NETWORKS"] = "127.0.0.1/32"
    return commands


@pytest.fixture
def nameserver(restricted_commands: Commands) -> Iterator[Nameserver]:
    """A DNS server that answers as the test says."""
    with dns.run_nameserver() as server:
        restricted_commands.environment[dns.PORT] = str(server.port)
        yield server


def _harvest(
    commands: Commands, folder: Path, urls: list[str], *options: str, code: int = 0
) -> list[tuple[str, str, str]]:
    """Status, reason and detail of each URL, in order; exit code 1 if every URL is refused alike."""
    commands.crawl(dataset.write(folder / "input", dataset.one_user(urls)), *options, code=code)
    return rows(commands.data, "SELECT status, reason, detail FROM images ORDER BY id")  # type: ignore[return-value]


def _hosts(farsite: Farsite) -> set[str]:
    return {entry["host"].rpartition(":")[0] for entry in farsite.log()}


def test_no_spelling_of_an_address_reaches_this_machine(commands: Commands, farsite: Farsite, tmp_path: Path) -> None:
    """Decimal, octal, hex, short, mapped, embedded, names of this machine: all refused by name, none asked again."""
    commands.environment["HARVESTER_ALLOW_NETWORKS"] = ""
    forms = _LOOPBACK_SPELLINGS.split()
    urls = [f"http://{form}:{farsite.port}/photo/1.jpg" for form in forms]
    outcomes = _harvest(commands, tmp_path, urls, code=1)
    assert [form for form, (_, reason, _) in zip(forms, outcomes, strict=True) if reason != "blocked-address"] == []
    assert outcomes[0][2] == "127.0.0.1 is loopback; HARVESTER_ALLOW_NETWORKS does not name it"
    assert "localhost leads to " in outcomes[forms.index("localhost")][2]
    _harvest(commands, tmp_path, urls, code=1)
    assert rows(commands.data, "SELECT max(attempts) FROM images WHERE reason = 'blocked-address'") == [(1,)]
    assert farsite.log() == []
    assert "\tblocked-address\t127.0.0.1 is loopback" in (commands.data / "image_download.log").read_text("utf-8")


def test_only_web_ports_of_public_addresses_are_reached(commands: Commands, tmp_path: Path) -> None:
    """Mail, databases and shells of strangers are not spoken to; nothing leaves this machine here."""
    outcomes = _harvest(
        commands, tmp_path, [f"http://192.88.98.1:{port}/a.jpg" for port in (22, 25, 6379, 9200)], code=1
    )
    assert {reason for _, reason, _ in outcomes} == {"blocked-address"}
    assert outcomes[0][2] == "192.88.98.1 is requested at port 22; HARVESTER_ALLOW_PORTS does not name it"


def test_a_redirect_to_a_private_address_is_refused(
    restricted_commands: Commands, farsite: Farsite, tmp_path: Path
) -> None:
    """On the first hop and on a later one; to other schemes neither."""
    inside = farsite.url("/photo/1.jpg", INSIDE)
    twice = farsite.url(f"/redirect-to?url={quote(inside, safe='')}")
    targets = (inside, twice, "file:///etc/passwd", "data:image/png;base64,AAAA", "ftp://127.0.0.1/a")
    urls = [farsite.url(f"/redirect-to?url={quote(target, safe='')}") for target in targets]
    outcomes = _harvest(restricted_commands, tmp_path, urls)
    assert [reason for _, reason, _ in outcomes] == ["blocked-address"] * 2 + ["redirect"] * 3
    assert outcomes[0][2] == f"{INSIDE} is loopback; HARVESTER_ALLOW_NETWORKS does not name it"
    assert _hosts(farsite) == {"127.0.0.1"}


def test_a_public_name_with_a_private_address_is_refused(
    restricted_commands: Commands, farsite: Farsite, nameserver: Nameserver, tmp_path: Path
) -> None:
    """IPv4, IPv6 and both; neither robots.txt nor picture is asked for, and nothing of it is tried again."""
    nameserver.answers = {
        "a.example": [[INSIDE]],
        "b.example": [["::1"]],
        "c.example": [["10.0.0.1", "::1", "fe80::1"]],
    }
    urls = [f"http://{host}.example:{farsite.port}/photo/1.jpg" for host in "abc"]
    outcomes = _harvest(restricted_commands, tmp_path, urls, *nameserver.options, code=1)
    assert [(status, reason) for status, reason, _ in outcomes] == [("failed", "blocked-address")] * 3
    assert (
        outcomes[0][2] == f"a.example leads to {INSIDE}, which is loopback; HARVESTER_ALLOW_NETWORKS does not name it"
    )
    assert farsite.log() == []


def test_only_allowed_addresses_of_a_name_are_connected_to(
    restricted_commands: Commands, farsite: Farsite, nameserver: Nameserver, tmp_path: Path
) -> None:
    """The picture comes from there, and the others of the very same answer hear nothing."""
    nameserver.answers = {"mixed.example": [[INSIDE, "::1", "127.0.0.1", "127.0.0.3"]]}
    assert (
        _harvest(
            restricted_commands, tmp_path, [f"http://mixed.example:{farsite.port}/photo/1.jpg"], *nameserver.options
        )[0][0]
        == "done"
    )
    assert {entry["local"] for entry in farsite.log()} == {"127.0.0.1"}


@pytest.mark.parametrize("cache", [True, False])
def test_dns_rebinding_is_refused(
    restricted_commands: Commands, farsite: Farsite, nameserver: Nameserver, tmp_path: Path, cache: bool
) -> None:
    """DNS rebinding: with Scrapy's cache the first answer stays, without it each new connection is looked at."""
    nameserver.answers = {"turns.example": [["127.0.0.1"], ["127.0.0.1"], [INSIDE]]}
    urls = [f"http://turns.example:{farsite.port}/closing/{number}.jpg" for number in range(6)]
    options = (*nameserver.options, "-s", f"DNSCACHE_ENABLED={int(cache)}", "-s", "CONCURRENT_REQUESTS_PER_DOMAIN=1")
    reasons = [reason for _, reason, _ in _harvest(restricted_commands, tmp_path, urls, *options)]
    assert {entry["local"] for entry in farsite.log()} == {"127.0.0.1"}
    if cache:
        assert (set(reasons), nameserver.query_counts["turns.example"]) == ({""}, 1)
    else:
        assert (set(reasons), nameserver.query_counts["turns.example"] > 2) == ({"", "blocked-address"}, True)


def test_a_listing_stops_at_a_private_server(restricted_commands: Commands, farsite: Farsite) -> None:
    """One sentence for each: the instance that was asked for, and the one that webfinger named."""
    base = farsite.url("/m/mastodon", INSIDE)
    direct = _crawl(restricted_commands, "mastodon", f"instance={base}", "acct=alice")
    assert f"{INSIDE} is loopback; HARVESTER_ALLOW_NETWORKS does not name it" in direct.stderr
    restricted_commands.environment["HARVESTER_ALLOW_NETWORKS"] = "127.0.0.3/32"
    by_webfinger = _crawl(restricted_commands, "mastodon", f"url={farsite.url('/@dave', '127.0.0.3')}")
    assert "127.0.0.1 is loopback; HARVESTER_ALLOW_NETWORKS does not name it" in by_webfinger.stderr
    assert _hosts(farsite) == {"127.0.0.3"}


def test_the_users_own_base_url_opens_no_network(commands: Commands, farsite: Farsite) -> None:
    """The networks are named once, for all URLs: an address in an answer could be the same."""
    commands.environment["HARVESTER_ALLOW_NETWORKS"] = ""
    for spider, *words in (("civitai",), ("imagefap", "user=alice")):
        base = f"{spider.upper()}_BASE_URL={farsite.url('')[:-1]}"
        done = _crawl(commands, spider, *words, options=("-s", base))
        assert "127.0.0.1 is loopback; HARVESTER_ALLOW_NETWORKS does not name it" in done.stderr
    assert farsite.log() == []


def test_behind_a_proxy_the_urls_themselves_are_checked(commands: Commands, farsite: Farsite, tmp_path: Path) -> None:
    """The proxy's address is the user's word, for the proxy only; names are the proxy's to resolve."""
    commands.environment |= {"HARVESTER_ALLOW_NETWORKS": "", "http_proxy": farsite.url("")[:-1], "no_proxy": ""}
    inside = [f"http://{host}/photo/1.jpg" for host in ("127.0.0.1", "0x7f.1", "localhost.", "[::1]", "10.1.1.1")]
    inside += [farsite.url("/photo/1.jpg"), "http://far.example:25/photo/1.jpg"]
    outcomes = _harvest(commands, tmp_path, ["http://far.example/photo/1.jpg", *inside])
    assert [reason for _, reason, _ in outcomes] == ["", *["blocked-address"] * len(inside)]
    assert _hosts(farsite) | {entry["host"] for entry in farsite.log()} <= {"", "far.example"}


@pytest.mark.parametrize("resolver", ["CachingThreadedResolver", "CachingHostnameResolver"])
def test_the_guard_wraps_every_resolver(commands: Commands, farsite: Farsite, tmp_path: Path, resolver: str) -> None:
    """TWISTED_DNS_RESOLVER may be set; the guard stays."""
    commands.environment["HARVESTER_ALLOW_NETWORKS"] = ""
    option = ("-s", f"TWISTED_DNS_RESOLVER=scrapy.resolver.{resolver}")
    urls = [f"http://{host}:{farsite.port}/photo/1.jpg" for host in ("127.0.0.1", "localhost")]
    outcomes = _harvest(commands, tmp_path, urls, *option, code=1)
    assert {reason for _, reason, _ in outcomes} == {"blocked-address"}
    assert farsite.log() == []


@pytest.mark.parametrize(
    "setting", ["HARVESTER_ALLOW_NETWORKS=127.0.0.1/8", "HARVESTER_ALLOW_PORTS=http", "HARVESTER_ALLOW_PORTS="]
)
def test_bad_networks_and_ports_are_one_sentence(commands: Commands, tmp_path: Path, setting: str) -> None:
    """Exit code 2, before anything is touched."""
    files = dataset.write(tmp_path / "input", dataset.one_user(["http://a.example/a.jpg"]))
    done = commands.scrapy("crawl", "mastodon", *files.arguments, "-s", setting)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    assert done.stderr.startswith(f"Error: {setting.partition('=')[0]}")
    assert not commands.data.exists()


def _crawl(
    commands: Commands, spider: str, *arguments: str, options: tuple[str, ...] = ()
) -> "subprocess.CompletedProcess[str]":
    words = [word for text in arguments for word in ("-a", text)]
    done = commands.scrapy("crawl", spider, *words, *options)
    assert "Traceback" not in done.stderr, done.stderr
    return done
