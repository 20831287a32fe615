"""Harvests from Mastodon's API, at farsite's servers."""

import csv
import json
import signal
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from tests.conftest import Commands
from tests.dataset import DataSet, rows, status
from tests.farsite import toots
from tests.farsite.mastodon import TOKEN
from tests.farsite.process import HOSTS, Farsite, running


@pytest.fixture(autouse=True)
def as_it_was(farsite: Farsite) -> Iterator[None]:
    """Accounts that were given more posts lose them again."""
    yield
    grow(farsite, "alice", 0)
    grow(farsite, "dave", 0)


def grow(farsite: Farsite, name: str, number: int) -> None:
    """Give an account so many posts more than it had at first."""
    urllib.request.urlopen(
        urllib.request.Request(farsite.url(f"/_mastodon/{name}/{number}"), method="PUT"), timeout=20
    ).close()


def crawl(commands: Commands, base: str, *arguments: str, settings: Sequence[str] = (), code: int = 0) -> str:
    """`scrapy crawl mastodon` at an instance; returns what it said."""
    words = [word for argument in (f"instance={base}", *arguments) for word in ("-a", argument)]
    words += [word for setting in settings for word in ("-s", setting)]
    done = commands.scrapy("crawl", "mastodon", *words)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    return done.stderr


def urls(name: str, farsite: Farsite, more: int = 0) -> list[list[str]]:
    """The pictures of an account, newest post first."""
    base = farsite.url("/m/mastodon")
    return [
        [media["url"] for media in status["media_attachments"]]
        for status in toots.statuses(name, base, farsite.port, more)
    ]


def written(commands: Commands) -> tuple[dict[str, Any], list[str]]:
    """`user_posts.json`, and the accounts of `accounts.csv`."""
    posts = json.loads((commands.data / "user_posts.json").read_text(encoding="utf-8"))
    with (commands.data / "accounts.csv").open(encoding="utf-8", newline="") as lines:
        return posts, [row["acct"] for row in csv.DictReader(lines)]


def pages(farsite: Farsite) -> list[str]:
    """The addresses of the pages of posts that were asked for."""
    return [str(entry["path"]) for entry in farsite.log() if "/statuses?" in entry["path"]]


def test_an_account_becomes_named_pictures_and_a_data_set(commands: Commands, farsite: Farsite) -> None:
    """All 95 posts: pictures, the two files, the status file; what is known of a picture is in the catalogue."""
    crawl(commands, farsite.url("/m/mastodon"), "acct=alice")
    acct = f"alice@127.0.0.1:{farsite.port}"
    posts, accounts = written(commands)
    assert accounts == [acct]
    assert [post["image_urls"] for post in posts[acct]] == urls("alice", farsite)
    assert [post["index"] for post in posts[acct]] == list(range(95))
    names = {path.stem for path in (commands.data / "images/mastodon").iterdir()}
    expected = {f"0_{post}_{n}" for post, of_post in enumerate(urls("alice", farsite)) for n in range(len(of_post))}
    assert names == expected
    assert {f"0_{post}_{entry['url_idx']}" for post, found in status(commands.data)["0"].items() for entry in found
            if entry["success"]} == expected  # fmt: skip
    (alt, page, author, metadata) = rows(commands.data, "SELECT alt, page, author, metadata FROM images LIMIT 1")[0]
    told = json.loads(metadata)
    assert (alt.startswith("Picture 0"), page, author) == (
        True,
        told["uri"].replace("/users/", "/@").replace("/statuses", ""),
        acct,
    )
    assert (told["language"], told["tags"], told["focus"]) == ("en", ["hills"], [0.25, -0.5])


def test_the_data_set_made_gives_the_same_bytes_again(commands: Commands, farsite: Farsite) -> None:
    """Fed back through posts= and accounts= into an empty place: the same names, byte-identical pictures."""
    crawl(commands, farsite.url("/m/mastodon"), "acct=dave,carol,gus", "boosts=1")
    again = Commands(commands.data.parent / "again")
    again.crawl(DataSet(commands.data / "user_posts.json", commands.data / "accounts.csv"))
    first, second = (
        {path.name: path.read_bytes() for path in (data / "images/mastodon").iterdir()}
        for data in (commands.data, again.data)
    )
    assert len(first) > 15
    assert first == second


def test_a_second_run_walks_only_what_is_new(commands: Commands, farsite: Farsite) -> None:
    """Two new posts of alice: one page is asked for, their pictures come, the others keep their names."""
    base = farsite.url("/m/mastodon")
    crawl(commands, base, "acct=alice", "collect_only=1")
    acct = f"alice@127.0.0.1:{farsite.port}"
    before = written(commands)[0][acct]
    assert len(pages(farsite)) == 3
    grow(farsite, "alice", 2)
    farsite.clear()
    crawl(commands, base, "acct=alice", "collect_only=1")
    after = written(commands)[0][acct]
    assert len(pages(farsite)) == 1
    assert after[:95] == before
    assert [post["image_urls"] for post in after[95:]] == urls("alice", farsite, 2)[:2]


def test_a_walk_that_broke_off_goes_on_at_its_cursor(commands: Commands, farsite: Farsite) -> None:
    """A page comes cut: the listing is cut; the next run asks for that page again, and in the end all is there."""
    base = farsite.url("/m/mastodon~cut")
    for _ in range(5):
        said = crawl(commands, base, "acct=alice", "collect_only=1")
        if not rows(commands.data, "SELECT 1 FROM listings WHERE state = 'cut'"):
            break
        assert "unreadable-answer" in said
    posts, _ = written(commands)
    assert sum(len(of_acct) for of_acct in posts.values()) == 95
    assert max(Counter(pages(farsite)).values()) == 2


def test_collect_only_fetches_no_picture(commands: Commands, farsite: Farsite) -> None:
    """The two files are written; the same command without it fetches what is owed, without walking anew."""
    base = farsite.url("/m/mastodon")
    crawl(commands, base, "acct=dave", "collect_only=1")
    assert not [entry for entry in farsite.log() if "/numbered/" in entry["path"]]
    assert rows(commands.data, "SELECT DISTINCT status FROM images") == [("pending",)]
    crawl(commands, base, "acct=dave")
    assert rows(commands.data, "SELECT DISTINCT status FROM images") == [("done",)]


@pytest.mark.parametrize(
    ("name", "word"),
    [("nobody", "account-missing"), ("gone", "account-gone"), ("locked", "needs-token"), ("forbidden", "needs-token"),
     ("closed", "needs-token"), ("suspended", "account-suspended"), ("down", "unreadable-answer"),
     ("shy", "indexable"), ("hidden", "noindex"), ("nobot", "nobot")],
)  # fmt: skip
def test_an_account_that_is_not_harvested_has_its_reason(
    commands: Commands, farsite: Farsite, name: str, word: str
) -> None:
    """In what is said and in the catalogue; not one of its pages is asked for but where only those need a token."""
    said = crawl(commands, farsite.url("/m/mastodon"), f"acct={name}")
    assert word in said
    assert ("Left out in this run: 1 account" in said) == (word in ("indexable", "noindex", "nobot"))
    ((state, why),) = rows(commands.data, "SELECT state, why FROM listings")
    assert (state, why.partition(":")[0]) == ("cut", word)
    assert not rows(commands.data, "SELECT 1 FROM images")


def test_a_wish_can_be_set_aside(commands: Commands, farsite: Farsite) -> None:
    """By the setting, and `discoverable` can be added."""
    base = farsite.url("/m/mastodon")
    commands.environment["MASTODON_WISHES"] = "discoverable"
    crawl(commands, base, "acct=shy,quiet", "collect_only=1")
    assert rows(commands.data, "SELECT why FROM listings WHERE state = 'cut'")[0][0].startswith("discoverable:")
    assert len(written(commands)[0]) == 1


def test_boosts_belong_to_their_authors(commands: Commands, farsite: Farsite) -> None:
    """Carol's boosts are bob's posts, with bob's number."""
    crawl(commands, farsite.url("/m/mastodon"), "acct=carol", "boosts=1", "replies=0", "collect_only=1")
    posts, accounts = written(commands)
    assert [acct.partition("@")[0] for acct in accounts] == ["carol", "bob"]
    assert [len(posts[acct]) for acct in accounts] == [2, 2]


def test_odd_attachments_are_accounted_for(commands: Commands, farsite: Farsite) -> None:
    """Video and sound skipped, one without an address failed, the others done; a preview is told to be reduced."""
    crawl(commands, farsite.url("/m/mastodon"), "acct=gus")
    found = Counter(rows(commands.data, "SELECT status, reason FROM images"))
    assert found == {("done", ""): 3, ("skipped", "video"): 2, ("failed", "no-address"): 1}
    metadata = [json.loads(text) for (text,) in rows(commands.data, "SELECT metadata FROM images")]
    assert sum("reduced" in told for told in metadata) == 1
    assert not [entry for entry in farsite.log() if "media_proxy" in entry["path"]]


def test_max_posts_is_kept_and_can_be_raised(commands: Commands, farsite: Farsite) -> None:
    """Five posts, then as many as fifty: the walk goes on behind the fifth."""
    base, acct = farsite.url("/m/mastodon"), f"alice@127.0.0.1:{farsite.port}"
    for most in (5, 5, 50):
        crawl(commands, base, "acct=alice", f"max_posts={most}", "collect_only=1")
        found = [post["image_urls"] for post in written(commands)[0][acct]]
        assert found == urls("alice", farsite)[:most]


def test_since_and_until_are_days(commands: Commands, farsite: Farsite) -> None:
    """Both included; pages older than `since` are not asked for."""
    base = farsite.url("/m/mastodon")
    crawl(commands, base, "acct=alice", "since=2026-04-02", "until=2026-04-05", "collect_only=1")
    (posts,) = written(commands)[0].values()
    numbers = range(79, 75, -1)  # 2026-04-01 is post 75
    assert [post["image_urls"] for post in posts] == [urls("alice", farsite)[95 - number] for number in numbers]
    assert len(pages(farsite)) == 2


def test_a_hashtag_is_harvested_with_the_wishes_of_its_authors(commands: Commands, farsite: Farsite) -> None:
    """Alice's and dave's posts; shy's are counted and left out."""
    said = crawl(commands, farsite.url("/m/mastodon"), "hashtag=hills", "collect_only=1")
    assert "Left out in this run: 1 account, indexable" in said
    assert "MASTODON_WISHES=noindex,nobot sets this wish aside" in said
    assert {acct.partition("@")[0] for acct in written(commands)[1]} == {"alice", "dave"}
    ((counts,),) = rows(commands.data, "SELECT counts FROM listings")
    assert json.loads(counts)["indexable"] == 3
    assert "sound" in commands.scrapy("verify").stdout


@pytest.mark.parametrize("kept", ["as text", "in a file"])
def test_a_token_goes_to_its_own_host_only_and_into_no_file(commands: Commands, farsite: Farsite, kept: str) -> None:
    """GoToSocial shows nothing without; with the token all is there, no other host sees it, and nobody can read it."""
    base = farsite.url("/m/gotosocial")
    assert "needs-token" in crawl(commands, base, "acct=dave")
    tokens = json.dumps({farsite.url("").rstrip("/"): TOKEN, "other.example": "another"})
    file = commands.data.parent / "tokens.json"
    file.write_text(tokens, encoding="utf-8")
    commands.environment["MASTODON_TOKENS"] = tokens if kept == "as text" else str(file)
    farsite.clear()
    said = crawl(commands, base, "acct=dave")
    assert rows(commands.data, "SELECT DISTINCT status FROM images") == [("done",)]
    seen = {(entry["host"].partition(":")[0], entry["authorization"]) for entry in farsite.log()}
    assert seen >= {("127.0.0.1", f"Bearer {TOKEN}"), ("127.0.0.2", "")}
    assert ("127.0.0.2", f"Bearer {TOKEN}") not in seen
    written = b"".join(path.read_bytes() for path in commands.data.rglob("*") if path.is_file())
    assert TOKEN.encode() not in written + said.encode()


@pytest.mark.parametrize("software", ["gotosocial", "akkoma", "pixelfed", "sharkey", "friendica"])
def test_other_software_gives_the_same_pictures(commands: Commands, farsite: Farsite, software: str) -> None:
    """Letter ids, no Link header, repeated posts, files listed in the text, a lookup that finds anybody."""
    commands.environment["MASTODON_TOKENS"] = json.dumps({farsite.url("").rstrip("/"): TOKEN})
    said = crawl(commands, farsite.url(f"/m/{software}"), "acct=bob,nobody", "collect_only=1")
    posts = written(commands)[0][f"bob@127.0.0.1:{farsite.port}"]
    assert [post["image_urls"] for post in posts] == urls("bob", farsite)
    assert ("another-account" if software == "sharkey" else "account-missing") in said


@pytest.mark.parametrize("setting", ["MASTODON_TOKENS=nowhere.json", 'MASTODON_TOKENS={"a.example": 5}',
                                     "MASTODON_WISHES=indexable,none", "MASTODON_PAGE_SECONDS=soon"])  # fmt: skip
def test_wrong_settings_are_one_sentence(commands: Commands, setting: str) -> None:
    """Exit code 2, named by the setting, nothing touched."""
    done = commands.scrapy("crawl", "mastodon", "-a", "acct=a@b.example", "-s", setting)
    assert done.returncode == 2, done.stderr
    assert f"Error: {setting.partition('=')[0]}" in done.stderr
    assert not commands.data.exists()


def test_a_copy_is_fetched_where_the_origin_has_the_file_no_more(commands: Commands, farsite: Farsite) -> None:
    """A copy counts, a reduced one is told as such; what may pass stays owed; a robots.txt or a proxy is not evaded."""
    crawl(commands, farsite.url("/m/mastodon"), "acct=ruth")
    found = rows(commands.data, "SELECT status, reason, detail FROM images ORDER BY id DESC")
    copy = farsite.url("/numbered/", "127.0.0.2")
    assert [(status, reason) for status, reason, _ in found] == [
        ("done", ""), ("failed", "http-temporary"), ("skipped", "robots"), ("done", ""), ("failed", "http-gone"),
    ]  # fmt: skip
    assert (found[0][2].startswith(f"from {copy}"), found[3][2].startswith(f"reduced: {copy}")) == (True, True)
    assert not [entry for entry in farsite.log() if "media_proxy" in entry["path"]]


@pytest.mark.parametrize(
    ("path", "author", "posts"),
    [
        ("/@dave", "dave", 3),
        ("/users/dave", "dave", 3),
        ("/web/@dave/media", "dave", 3),
        ("/@dave/{0}", "dave", 1),
        ("/users/dave/statuses/{0}", "dave", 1),
        ("/objects/0a1b-2c", "alice", 1),
        ("/tags/hills", "alice", 5),
        ("/lists/7", "dave", 2),
        ("/public/local", "alice", 5),
    ],
)
def test_a_pasted_address_is_harvested(
    commands: Commands, farsite: Farsite, path: str, author: str, posts: int
) -> None:
    """Accounts by webfinger, posts by id or by a search, hashtags, lists with a token, timelines."""
    commands.environment["MASTODON_TOKENS"] = json.dumps({farsite.url("").rstrip("/"): TOKEN})
    (*_, post) = toots.statuses("dave", farsite.url("").rstrip("/"), farsite.port)
    address = farsite.url(path.format(post["id"]))
    done = commands.scrapy("crawl", "mastodon", "-a", f"url={address}", "-a", "max_posts=5", "-a", "collect_only=1")
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    found, _ = written(commands)
    assert {acct: len(of_acct) for acct, of_acct in found.items()} == {f"{author}@127.0.0.1:{farsite.port}": posts}


@pytest.fixture(scope="module")
def secure() -> Iterator[Farsite]:
    """Farsite with https."""
    with running(HOSTS, "--tls") as site:
        yield site


def test_a_handle_leads_to_its_home_over_https(commands: Commands, secure: Farsite) -> None:
    """Webfinger at the handle's domain; lookup and pages at the server it names; the account keeps its handle."""
    acct = f"dave@127.0.0.3:{secure.port}"
    done = commands.scrapy("crawl", "mastodon", "-a", f"acct={acct}", "-s", "DOWNLOAD_VERIFY_CERTIFICATES=False")
    assert (done.returncode, "Traceback" in done.stderr) == (0, False), done.stderr
    asked = [(entry["host"].partition(":")[0], entry["path"].partition("?")[0]) for entry in secure.log()]
    assert [host for host, path in asked if "webfinger" in path] == ["127.0.0.3"]
    assert {host for host, path in asked if "/api/" in path} == {"127.0.0.1"}
    found, accounts = written(commands)
    assert (accounts, len(found[acct])) == ([acct], 3)
    assert rows(commands.data, "SELECT DISTINCT status FROM images") == [("done",)]


def test_a_server_that_is_not_trusted_is_not_asked(commands: Commands, secure: Farsite) -> None:
    """Certificates are verified; the account has that as its reason."""
    said = commands.scrapy("crawl", "mastodon", "-a", f"acct=dave@127.0.0.1:{secure.port}").stderr
    assert "no answer to webfinger" in said
    assert not rows(commands.data, "SELECT 1 FROM images")


def test_a_server_that_asks_for_patience_gets_it(commands: Commands, farsite: Farsite) -> None:
    """429 with X-RateLimit-Reset for each page at first: nothing is cut, every post is there."""
    crawl(commands, farsite.url("/m/mastodon~429"), "acct=alice", "collect_only=1")
    assert rows(commands.data, "SELECT state FROM listings") == [("ended",)]
    assert len(written(commands)[0][f"alice@127.0.0.1:{farsite.port}"]) == 95
    assert set(Counter(pages(farsite)).values()) == {2}


def test_a_server_that_shuts_us_out_does_not_hold_up_the_others(commands: Commands, farsite: Farsite) -> None:
    """A page for people instead of an answer: the account is left for later, the run ends."""
    said = crawl(commands, farsite.url("/m/mastodon~html"), "acct=alice,dave", "collect_only=1", code=1)
    assert said.count("has to be left alone for 3600 s") >= 2
    assert [state for (state,) in rows(commands.data, "SELECT state FROM listings")] == ["cut", "cut"]


def test_pages_keep_their_pace(commands: Commands, farsite: Farsite) -> None:
    """Between two pages of a host lie so many seconds; its pictures do not wait."""
    base = farsite.url("/m/mastodon")
    crawl(commands, base, "acct=alice", "collect_only=1", settings=["MASTODON_PAGE_SECONDS=0.5"])
    times = [float(entry["at"]) for entry in farsite.log() if "/api/" in entry["path"]]
    assert len(times) == 4
    assert times[-1] - times[0] > 1.2  # three waits; a busy machine makes single gaps shorter or longer


def test_after_a_forced_stop_the_data_set_is_written_too(commands: Commands, farsite: Farsite) -> None:
    """Two SIGINTs: the two files and the status file tell of everything that was found."""
    words = ("-a", f"instance={farsite.url('/m/mastodon')}", "-a", "acct=alice", "-s", "DOWNLOAD_DELAY=0.5")
    run = commands.start("crawl", "mastodon", *words)
    deadline = time.monotonic() + 60
    while len([entry for entry in farsite.log() if "/numbered/" in entry["path"]]) < 3 and time.monotonic() < deadline:
        time.sleep(0.05)
    run.send_signal(signal.SIGINT)
    time.sleep(1)
    run.send_signal(signal.SIGINT)
    _, said = run.communicate(timeout=60)
    assert "Traceback" not in said
    assert rows(commands.data, "SELECT outcome FROM runs") == [("forced",)]
    (of_alice,) = written(commands)[0].values()
    assert len(of_alice) >= 40
    assert len(status(commands.data)["0"]) == len(of_alice)


def test_accounts_of_a_file_keep_their_rows(commands: Commands, farsite: Farsite) -> None:
    """accounts= without posts=: the numbers are the rows, also of accounts that are gone."""
    file = commands.data.parent / "accounts.csv"
    file.write_text("id,acct\n7,gone\n8,dave\n", encoding="utf-8")
    crawl(commands, farsite.url("/m/mastodon"), f"accounts={file}")
    assert [acct.partition("@")[0] for acct in written(commands)[1]] == ["gone", "dave"]
    assert {path.name[:2] for path in (commands.data / "images/mastodon").iterdir()} == {"1_"}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["acct=alice"], "must be user@host"),
        (["acct=a@b", "hashtag=x"], "exactly one of"),
        (["hashtag=x"], "needs -a instance"),
        (["timeline=home", "instance=x.example"], "must be one of public, local"),
        (["url=https://x.example/about"], "not the address of"),
        (["acct=a@b", "boosts=yes"], "must be 0 or 1"),
        (["acct=a@b", "max_posts=0"], "whole number from 1"),
        (["acct=a@b", "since=soon"], "must be a date"),
        (["acct=a@b", "accounts=nowhere.csv"], "exactly one of"),
        (["accounts=nowhere.csv"], "nowhere.csv"),
        (["acct=a@b", "posts=x.json"], "no such argument"),
    ],
)
def test_wrong_arguments_are_one_sentence(commands: Commands, arguments: list[str], sentence: str) -> None:
    """Exit code 2, nothing touched."""
    words = [word for argument in arguments for word in ("-a", argument)]
    done = commands.scrapy("crawl", "mastodon", *words)
    assert done.returncode == 2, done.stderr
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
    assert not commands.data.exists()
