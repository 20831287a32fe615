"""Keys, tokens and passwords of the user: to their own server, and nowhere else."""

import gzip
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from harvester.text import redact
from tests import dataset_files as dataset
from tests.conftest import Commands
from tests.crawl.crawling import crawl
from tests.dataset_files import rows
from tests.farsite.civitai import GOOD_KEY
from tests.farsite.process import Farsite, run_farsite

KEY = "hush-0123456789abcdef"


def _files_containing(secret: str, *folders: Path) -> list[str]:
    """Every file below that holds the secret, unpacked where it is packed."""
    matches = []
    for path in (path for folder in folders for path in folder.rglob("*") if path.is_file()):
        body = path.read_bytes()
        if secret.encode() in (gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body):
            matches.append(str(path))
    return matches


@pytest.fixture(scope="module")
def other_server() -> Iterator[Farsite]:
    """Another server: the same host, but another port."""
    with run_farsite(("127.0.0.1",)) as site:
        yield site


def test_a_key_goes_to_its_own_origin_only(commands: Commands, farsite: Farsite, other_server: Farsite) -> None:
    """Not along a redirect to another host or to another port of its own; on pages of its server it is sent."""
    here = farsite.url("")[:-1]
    targets = (farsite.url("/page/page.html", "127.0.0.2"), other_server.url("/page/page.html"))
    pages = [farsite.url("/page/page.html"), *(farsite.url(f"/redirect-to?url={target}") for target in targets)]
    crawl(commands, pages, "-L", "DEBUG", manners={"credentials": {here: f"Bearer {KEY}"}})
    sent = {(entry["host"], entry["authorization"]) for entry in farsite.log() if "robots" not in entry["path"]}
    assert sent == {(f"127.0.0.1:{farsite.port}", f"Bearer {KEY}"), (f"127.0.0.2:{farsite.port}", "")}
    assert {entry["authorization"] for entry in other_server.log()} == {""}


def test_pages_read_with_a_key_are_not_cached(commands: Commands, farsite: Farsite) -> None:
    """The cache stands before the key: it could show them to whoever has another one, or none."""
    page, here = [farsite.url("/page/page.html")], farsite.url("")[:-1]
    for keys in ({here: f"Bearer {KEY}"}, {here: f"Bearer {KEY}"}, {}, {}):
        crawl(commands, page, manners={"credentials": keys})
    authorizations = [entry["authorization"] for entry in farsite.log() if "page.html" in entry["path"]]
    assert authorizations == [f"Bearer {KEY}", f"Bearer {KEY}", ""]


def test_a_response_that_repeats_the_key_does_not_spread_it(
    commands: Commands, farsite: Farsite, tmp_path: Path
) -> None:
    """Neither as a fact about a picture nor in what is said of an error; with everything on that writes."""
    commands.environment["CIVITAI_API_KEY"] = GOOD_KEY
    options = ("-s", f"CIVITAI_BASE_URL={farsite.url('')[:-1]}", "-L", "DEBUG", "-O", str(tmp_path / "items.jsonl"),
               "-s", f"JOBDIR={tmp_path / 'job'}", "-s", f"LOG_FILE={tmp_path / 'log.txt'}", "-s", "STATS_DUMP=1",
               "-s", "LOG_STDOUT=1")  # fmt: skip
    done = commands.harvest("civitai", "username=echo", options=options)
    assert rows(commands.data, "SELECT count(*) FROM images WHERE metadata LIKE '%Bearer ...%'") == [(10,)]
    assert "no such thing for Bearer ..." in (tmp_path / "log.txt").read_text("utf-8")
    output = done.stdout + done.stderr + "".join(_command_outputs(commands, "status", "why echo"))
    assert GOOD_KEY not in output
    assert _files_containing(GOOD_KEY, tmp_path) == []
    assert any(entry["authorization"] for entry in farsite.log())


def _command_outputs(commands: Commands, *lines: str) -> Iterator[str]:
    for line in lines:
        done = commands.scrapy(*line.split())
        yield done.stdout + done.stderr


@pytest.mark.parametrize(
    ("spider", "arguments", "settings"),
    [
        ("civitai", (), ("CIVITAI_BASE_URL=http://civitai.example", f"CIVITAI_API_KEY={KEY}")),
        ("mastodon", ("-a", "acct=a@b.example"), ('MASTODON_TOKENS={"http://b.example": "' + KEY + '"}',)),
        ("mastodon", ("-a", "acct=a@b.example"), (f"MASTODON_TOKENS={KEY}",)),
        ("civitai", (), (f"CIVITAI_API_KEY={KEY}", "CIVITAI_BASE_URL=http://10.0.0.1")),
        ("civitai", (), (f"CIVITAI_BASE_URL=https://me:{KEY}@civitai.example",)),
        ("mastodon", ("-a", f"url=https://me:{KEY}@b.example/@a"), ()),
        ("mastodon", ("-a", f"instance=https://{KEY}@b.example", "-a", "acct=a"), ()),
        ("civitai", (), (f"HARVESTER_CATALOGUE=postgresql//me:{KEY}@db.example/x",)),
        ("civitai", (), (f"HARVESTER_CATALOGUE=postgresql+nodriver://me:{KEY}@db.example/x",)),
        ("civitai", (), (f"HARVESTER_CATALOGUE=postgresql+pg8000://me:{KEY}@127.0.0.1:9/x",)),
    ],
)
def test_options_that_would_leak_a_secret_are_refused_without_it(
    commands: Commands, spider: str, arguments: tuple[str, ...], settings: tuple[str, ...]
) -> None:
    """Keys without TLS, passwords in addresses, catalogues that cannot be used: a sentence without the secret."""
    options = [word for text in settings for word in ("-s", text)]
    done = commands.scrapy("crawl", spider, *arguments, *options)
    assert (done.returncode, "Traceback" in done.stderr, "Error: " in done.stderr) == (2, False, True), done.stderr
    assert KEY not in done.stdout + done.stderr
    assert _files_containing(KEY, commands.data.parent) == []


def test_a_token_in_a_pasted_address_is_not_recorded(commands: Commands, farsite: Farsite) -> None:
    """The arguments of a run are, so the token is taken out of them; it is not sent either."""
    address = f"{farsite.url('/@dave')}?access_token={KEY}"
    commands.harvest("mastodon", f"url={address}", "collect_only=1", options=("-L", "DEBUG"))
    ((arguments,),) = rows(commands.data, "SELECT arguments FROM runs")
    assert json.loads(arguments)["url"] == f"{farsite.url('/@dave')}?access_token=…"
    assert _files_containing(KEY, commands.data) == []
    assert not [entry for entry in farsite.log() if KEY in entry["path"]]


@pytest.mark.parametrize(
    ("word", "shown"),
    [
        (f"CIVITAI_API_KEY={KEY}", "CIVITAI_API_KEY=…"),
        (f"--set=CIVITAI_API_KEY={KEY}", "--set=CIVITAI_API_KEY=…"),
        (f"-sCIVITAI_API_KEY={KEY}", "-sCIVITAI_API_KEY=…"),
        ('MASTODON_TOKENS={"a.example": "' + KEY + '&more"}', "MASTODON_TOKENS=…"),
        (f"HARVESTER_CATALOGUE=postgresql://me:{KEY}@db/x", "HARVESTER_CATALOGUE=postgresql://…@db/x"),
        (f"url=https://{KEY}@b.example/@a", "url=https://…@b.example/@a"),
        (f"url=https://b.example/@a?x=1&access_token={KEY}&y=2", "url=https://b.example/@a?x=1&access_token=…&y=2"),
        (f"url=https://b.example/@a#access_token={KEY}", "url=https://b.example/@a#access_token=…"),
        ("url=https://b.example/@monkey", "url=https://b.example/@monkey"),
        ("hashtag=keys", "hashtag=keys"),
    ],
)
def test_command_lines_are_repeated_without_secrets(word: str, shown: str) -> None:
    """However an option is written; nothing else is changed."""
    assert redact(word) == shown


def test_a_redirect_sends_only_the_origin_as_referer(commands: Commands, farsite: Farsite, tmp_path: Path) -> None:
    """A signed address stays with its host: of the Referer only the origin goes to another."""
    target = farsite.url("/photo/1.jpg", "127.0.0.2")
    signed = farsite.url(f"/redirect-to?url={target}&signature={KEY}")
    commands.crawl(dataset.write(tmp_path / "in", dataset.one_user([signed])))
    referers = {entry["host"]: entry["referer"] for entry in farsite.log() if entry["path"].startswith("/photo")}
    assert referers == {f"127.0.0.2:{farsite.port}": farsite.url("")}


def test_the_catalogue_holds_no_key_of_the_environment(commands: Commands, farsite: Farsite) -> None:
    """Every table of the catalogue, dumped."""
    commands.environment |= {"CIVITAI_API_KEY": GOOD_KEY, "MASTODON_TOKENS": json.dumps({"a.example": KEY})}
    commands.harvest("civitai", "max_images=3", options=("-s", f"CIVITAI_BASE_URL={farsite.url('')[:-1]}"))
    with sqlite3.connect(commands.data / "catalogue.db") as connection:
        dump = "\n".join(connection.iterdump())
    assert "INSERT INTO" in dump
    assert (GOOD_KEY in dump, KEY in dump) == (False, False)
