"""Domains of accounts: of many scripts, and other than those of their servers."""

import json

import pytest

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


def _listing(commands: Commands) -> tuple[str, str]:
    """State and detail of the only listing."""
    ((state, detail),) = rows(commands.data, "SELECT state, detail FROM listings")
    return state, detail


def _authors(commands: Commands) -> list[str]:
    return [author for (author,) in rows(commands.data, "SELECT DISTINCT author FROM images")]


def test_a_domain_with_host_meta_only_leads_to_the_account(commands: Commands, farsite: Farsite) -> None:
    """Webfinger is asked where the domain's host-meta says, and the account is found at its home server."""
    # pruvisto/debirdify#21
    commands.harvest("mastodon", f"url=http://hostmeta.localhost:{farsite.port}/@dave", "collect_only=1")
    assert _listing(commands) == ("ended", "")
    assert _authors(commands) == [f"dave@127.0.0.3:{farsite.port}"]


def test_an_account_is_found_by_the_address_of_its_server(commands: Commands, farsite: Farsite) -> None:
    """The server names its accounts by a shorter domain than its own, and so does the data set."""
    # misskey-dev/misskey#7922
    commands.harvest("mastodon", f"url=http://web.localhost:{farsite.port}/@dave", "collect_only=1")
    assert _listing(commands) == ("ended", "")
    assert _authors(commands) == [f"dave@brand.localhost:{farsite.port}"]


def test_an_instance_knows_its_accounts_by_their_domain(commands: Commands, farsite: Farsite) -> None:
    """Asked for user@domain, a server that has this domain answers with `user`: that is the account, with one row."""
    # misskey-dev/misskey#7922
    acct = f"dave@brand.localhost:{farsite.port}"
    commands.harvest("mastodon", f"instance=http://web.localhost:{farsite.port}", f"acct={acct}", "collect_only=1")
    assert _listing(commands) == ("ended", "")
    assert (commands.data / "accounts.csv").read_text(encoding="utf-8").splitlines() == ["id,acct", f"0,{acct}"]


def test_another_account_is_told_with_its_name_and_where_it_is(commands: Commands, farsite: Farsite) -> None:
    """The arguments in the message do find the account that was answered."""
    instance = farsite.url("/m/sharkey")
    done = commands.harvest("mastodon", f"instance={instance}", "acct=alicia", "collect_only=1")
    answered = f"alice@127.0.0.1:{farsite.port}"
    assert f"if you mean {answered}, use -a acct={answered} -a instance={instance}" in done.stderr
    commands.harvest("mastodon", f"instance={instance}", f"acct={answered}", "max_posts=1", "collect_only=1")
    assert _authors(commands) == [answered]


@pytest.mark.parametrize(
    ("kind", "what"),
    [("misskey", "acct=alice"), ("express", "acct=alice"), ("app", "acct=alice"), ("login", "acct=alice"),
     ("misskey", "hashtag=hills"), ("app", "hashtag=hills")],
)  # fmt: skip
def test_a_server_without_the_api_is_told_as_that(commands: Commands, farsite: Farsite, kind: str, what: str) -> None:
    """Not as an account or a hashtag that never was."""  # misskey-dev/misskey#7922, pruvisto/debirdify#21
    commands.harvest("mastodon", f"instance={farsite.url(f'/n/{kind}')}", what)
    state, detail = _listing(commands)
    assert (state, detail.partition(":")[0]) == ("incomplete", "no-api")
    if what == "acct=alice":
        assert "-a instance=HOST" in detail
        assert ("redirected to" in detail) == (kind == "login")
    assert len(detail) < 300
