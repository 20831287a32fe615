"""Domains of accounts: of many scripts, and other than those of their servers."""

import json

from tests.conftest import Commands
from tests.dataset_files import DataSet, rows
from tests.farsite.process import Farsite


def test_an_international_domain_is_asked_by_its_ascii_name(commands: Commands, farsite: Farsite) -> None:
    """Two spellings of one account are one row and one listing, and every request has the same host."""
    # mastodon/mastodon#12246
    instance = f"http://BÜCHER.localhost:{farsite.port}/m/mastodon"
    accts = f"dave@bücher.localhost:{farsite.port},@dave@xn--bcher-kva.localhost:{farsite.port}"
    commands.harvest("mastodon", f"instance={instance}", f"acct={accts}", "collect_only=1")
    acct = f"dave@xn--bcher-kva.localhost:{farsite.port}"
    assert (commands.data / "accounts.csv").read_text(encoding="utf-8").splitlines() == ["id,acct", f"0,{acct}"]
    assert rows(commands.data, "SELECT DISTINCT author FROM images") == [(acct,)]
    assert [state for (state,) in rows(commands.data, "SELECT state FROM listings")] == ["ended"]
    assert {entry["host"] for entry in farsite.log()} == {acct.partition("@")[2]}
    shown = commands.scrapy("show", "images", "--author", f"dave@bücher.localhost:{farsite.port}", "--json")
    assert len(json.loads(shown.stdout)) > 0, shown.stderr


def test_a_file_on_a_host_with_sharp_s_is_fetched_from_there(commands: Commands, farsite: Farsite) -> None:
    """`ß` is a letter of its own in domains: `strasse` is somebody else's server."""
    url = f"http://straße.localhost:{farsite.port}/kind/jpeg-rgb.jpg"
    folder = commands.data.parent
    posts, accounts = folder / "posts.json", folder / "accounts.csv"
    posts.write_text(json.dumps({"a@b.example": [{"index": 0, "image_urls": [url]}]}), encoding="utf-8")
    accounts.write_text("acct\na@b.example\n", encoding="utf-8")
    commands.crawl(DataSet(posts, accounts))
    assert rows(commands.data, "SELECT status, key, host FROM images") == [("done", url, "xn--strae-oqa.localhost")]
    hosts = {entry["host"].partition(":")[0] for entry in farsite.log()}
    assert hosts == {"xn--strae-oqa.localhost"}
