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
from tests.dataset_files import DataSet, rows, status
from tests.farsite import toots
from tests.farsite.mastodon import TOKEN
from tests.farsite.process import HOSTS, Farsite, run_farsite


@pytest.fixture(autouse=True)
def reset_post_counts(farsite: Farsite) -> Iterator[None]:
    """Accounts that were given more posts lose them again."""
    yield
    add_posts(farsite, "alice", 0)
    add_posts(farsite, "dave", 0)


def add_posts(farsite: Farsite, name: str, number: int) -> None:
    """Give an account so many posts more than it had at first."""
    urllib.request.urlopen(
        urllib.request.Request(farsite.url(f"/_mastodon/{name}/{number}"), method="PUT"), timeout=20
    ).close()


def crawl(commands: Commands, base: str, *arguments: str, settings: Sequence[str] = (), code: int = 0) -> str:
    """`scrapy crawl mastodon` at an instance; returns what it said."""
    options = [word for argument in (f"instance={base}", *arguments) for word in ("-a", argument)]
    options += [word for setting in settings for word in ("-s", setting)]
    done = commands.scrapy("crawl", "mastodon", *options)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    return done.stderr


def picture_urls(name: str, farsite: Farsite, extra: int = 0) -> list[list[str]]:
    """The pictures of an account, newest post first."""
    base = farsite.url("/m/mastodon")
    return [
        [media["url"] for media in status["media_attachments"]]
        for status in toots.statuses(name, base, farsite.port, extra)
    ]


def read_data_set(commands: Commands) -> tuple[dict[str, Any], list[str]]:
    """`user_posts.json`, and the accounts of `accounts.csv`."""
    posts = json.loads((commands.data / "user_posts.json").read_text(encoding="utf-8"))
    with (commands.data / "accounts.csv").open(encoding="utf-8", newline="") as lines:
        return posts, [row["acct"] for row in csv.DictReader(lines)]


def page_requests(farsite: Farsite) -> list[str]:
    """The addresses of the pages of posts that were asked for."""
    return [str(entry["path"]) for entry in farsite.log() if "/statuses?" in entry["path"]]


def test_an_account_becomes_output_files_and_a_data_set(commands: Commands, farsite: Farsite) -> None:
    """All 95 posts: pictures, the two files, the status file; what is known of a picture is in the catalogue."""
    crawl(commands, farsite.url("/m/mastodon"), "acct=alice")
    acct = f"alice@127.0.0.1:{farsite.port}"
    posts, accounts = read_data_set(commands)
    assert accounts == [acct]
    assert [post["image_urls"] for post in posts[acct]] == picture_urls("alice", farsite)
    assert [post["index"] for post in posts[acct]] == list(range(95))
    names = {path.stem for path in (commands.data / "images/mastodon").iterdir()}
    expected = {
        f"0_{post}_{n}" for post, of_post in enumerate(picture_urls("alice", farsite)) for n in range(len(of_post))
    }
    assert names == expected
    assert {f"0_{post}_{entry['url_idx']}" for post, entries in status(commands.data)["0"].items() for entry in entries
            if entry["success"]} == expected  # fmt: skip
    (alt, page, author, metadata) = rows(commands.data, "SELECT alt, page, author, metadata FROM images LIMIT 1")[0]
    details = json.loads(metadata)
    assert (alt.startswith("Picture 0"), page, author) == (
        True,
        details["uri"].replace("/users/", "/@").replace("/statuses", ""),
        acct,
    )
    assert (details["language"], details["tags"], details["focus"]) == ("en", ["hills"], [0.25, -0.5])


def test_the_written_data_set_gives_the_same_bytes(commands: Commands, farsite: Farsite) -> None:
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


def test_a_second_run_reads_only_new_posts(commands: Commands, farsite: Farsite) -> None:
    """Two new posts of alice: one page is asked for, their pictures come, the others keep their names."""
    base = farsite.url("/m/mastodon")
    crawl(commands, base, "acct=alice", "collect_only=1")
    acct = f"alice@127.0.0.1:{farsite.port}"
    before = read_data_set(commands)[0][acct]
    assert len(page_requests(farsite)) == 3
    add_posts(farsite, "alice", 2)
    farsite.clear()
    crawl(commands, base, "acct=alice", "collect_only=1")
    after = read_data_set(commands)[0][acct]
    assert len(page_requests(farsite)) == 1
    assert after[:95] == before
    assert [post["image_urls"] for post in after[95:]] == picture_urls("alice", farsite, 2)[:2]


def test_an_interrupted_listing_resumes_at_its_cursor(commands: Commands, farsite: Farsite) -> None:
    """A truncated page makes the listing incomplete; the next run asks for that page again, and nothing is missing."""
    base = farsite.url("/m/mastodon~cut")
    for _ in range(5):
        stderr = crawl(commands, base, "acct=alice", "collect_only=1")
        if not rows(commands.data, "SELECT 1 FROM listings WHERE state = 'incomplete'"):
            break
        assert "unreadable-answer" in stderr
    posts, _ = read_data_set(commands)
    assert sum(len(of_acct) for of_acct in posts.values()) == 95
    assert max(Counter(page_requests(farsite)).values()) == 2


def test_collect_only_fetches_no_picture(commands: Commands, farsite: Farsite) -> None:
    """The two files are written; without it the same command fetches the images and reads no page again."""
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
    stderr = crawl(commands, farsite.url("/m/mastodon"), f"acct={name}")
    assert word in stderr
    assert ("Left out in this run: 1 account" in stderr) == (word in ("indexable", "noindex", "nobot"))
    ((state, detail),) = rows(commands.data, "SELECT state, detail FROM listings")
    assert (state, detail.partition(":")[0]) == ("incomplete", word)
    assert not rows(commands.data, "SELECT 1 FROM images")


def test_an_opt_out_can_be_ignored(commands: Commands, farsite: Farsite) -> None:
    """By the setting, and `discoverable` can be added."""
    base = farsite.url("/m/mastodon")
    commands.environment["MASTODON_RESPECT_OPT_OUTS"] = "discoverable"
    crawl(commands, base, "acct=shy,quiet", "collect_only=1")
    ((detail,),) = rows(commands.data, "SELECT detail FROM listings WHERE state = 'incomplete'")
    assert detail.startswith("discoverable:")
    assert len(read_data_set(commands)[0]) == 1


def test_boosts_belong_to_their_authors(commands: Commands, farsite: Farsite) -> None:
    """Carol's boosts are bob's posts, with bob's number."""
    crawl(commands, farsite.url("/m/mastodon"), "acct=carol", "boosts=1", "replies=0", "collect_only=1")
    posts, accounts = read_data_set(commands)
    assert [acct.partition("@")[0] for acct in accounts] == ["carol", "bob"]
    assert [len(posts[acct]) for acct in accounts] == [2, 2]


def test_odd_attachments_are_accounted_for(commands: Commands, farsite: Farsite) -> None:
    """Video and sound skipped, one without an address failed, the others done; a preview is marked as reduced."""
    crawl(commands, farsite.url("/m/mastodon"), "acct=gus")
    outcomes = Counter(rows(commands.data, "SELECT status, reason FROM images"))
    assert outcomes == {("done", ""): 3, ("skipped", "video"): 2, ("failed", "no-address"): 1}
    metadata = [json.loads(text) for (text,) in rows(commands.data, "SELECT metadata FROM images")]
    assert sum("reduced" in details for details in metadata) == 1
    ((detail, key),) = rows(commands.data, "SELECT detail, key FROM images WHERE metadata LIKE '%\"reduced\":%'")
    assert detail == f"reduced: {key}"
    assert not [entry for entry in farsite.log() if "media_proxy" in entry["path"]]


def test_max_posts_is_respected_and_can_be_raised(commands: Commands, farsite: Farsite) -> None:
    """Five posts, then as many as fifty: the walk goes on behind the fifth."""
    base, acct = farsite.url("/m/mastodon"), f"alice@127.0.0.1:{farsite.port}"
    for limit in (5, 5, 50):
        crawl(commands, base, "acct=alice", f"max_posts={limit}", "collect_only=1")
        posts = [post["image_urls"] for post in read_data_set(commands)[0][acct]]
        assert posts == picture_urls("alice", farsite)[:limit]


def test_since_and_until_are_days(commands: Commands, farsite: Farsite) -> None:
    """Both included; one old page is not enough to end the walk, as posts may be out of order."""
    base = farsite.url("/m/mastodon")
    crawl(commands, base, "acct=alice", "since=2026-04-02", "until=2026-04-05", "collect_only=1")
    (posts,) = read_data_set(commands)[0].values()
    numbers = range(79, 75, -1)  # 2026-04-01 is post 75
    assert [post["image_urls"] for post in posts] == [picture_urls("alice", farsite)[95 - number] for number in numbers]
    assert len(page_requests(farsite)) == 3


def test_a_hashtag_is_harvested_with_the_opt_outs_of_its_authors(commands: Commands, farsite: Farsite) -> None:
    """Alice's and dave's posts; shy's are counted and left out."""
    stderr = crawl(commands, farsite.url("/m/mastodon"), "hashtag=hills", "collect_only=1")
    assert "Left out in this run: 1 account, indexable" in stderr
    assert "MASTODON_RESPECT_OPT_OUTS=noindex,nobot ignores this opt-out" in stderr
    assert {acct.partition("@")[0] for acct in read_data_set(commands)[1]} == {"alice", "dave"}
    ((counts,),) = rows(commands.data, "SELECT counts FROM listings")
    assert json.loads(counts)["indexable"] == 3
    assert "no damage" in commands.scrapy("verify").stdout


@pytest.mark.parametrize("form", ["as text", "in a file"])
def test_a_token_goes_to_its_own_host_only_and_into_no_file(commands: Commands, farsite: Farsite, form: str) -> None:
    """GoToSocial shows nothing without; with the token all is there, no other host sees it, and nobody can read it."""
    base = farsite.url("/m/gotosocial")
    assert "needs-token" in crawl(commands, base, "acct=dave")
    tokens = json.dumps({farsite.url("").rstrip("/"): TOKEN, "other.example": "another"})
    file = commands.data.parent / "tokens.json"
    file.write_text(tokens, encoding="utf-8")
    commands.environment["MASTODON_TOKENS"] = tokens if form == "as text" else str(file)
    farsite.clear()
    stderr = crawl(commands, base, "acct=dave")
    assert rows(commands.data, "SELECT DISTINCT status FROM images") == [("done",)]
    sent = {(entry["host"].partition(":")[0], entry["authorization"]) for entry in farsite.log()}
    assert sent >= {("127.0.0.1", f"Bearer {TOKEN}"), ("127.0.0.2", "")}
    assert ("127.0.0.2", f"Bearer {TOKEN}") not in sent
    contents = b"".join(path.read_bytes() for path in commands.data.rglob("*") if path.is_file())
    assert TOKEN.encode() not in contents + stderr.encode()


@pytest.mark.parametrize("software", ["gotosocial", "akkoma", "pixelfed", "sharkey", "friendica"])
def test_other_software_gives_the_same_pictures(commands: Commands, farsite: Farsite, software: str) -> None:
    """Letter ids, no Link header, repeated posts, files listed in the text, a lookup that finds anybody."""
    commands.environment["MASTODON_TOKENS"] = json.dumps({farsite.url("").rstrip("/"): TOKEN})
    stderr = crawl(commands, farsite.url(f"/m/{software}"), "acct=bob,nobody", "collect_only=1")
    posts = read_data_set(commands)[0][f"bob@127.0.0.1:{farsite.port}"]
    assert [post["image_urls"] for post in posts] == picture_urls("bob", farsite)
    assert ("another-account" if software == "sharkey" else "account-missing") in stderr


@pytest.mark.parametrize("setting", ["MASTODON_TOKENS=nowhere.json", 'MASTODON_TOKENS={"a.example": 5}',
                                     "MASTODON_RESPECT_OPT_OUTS=none", "MASTODON_PAGE_SECONDS=soon"])  # fmt: skip
def test_wrong_settings_are_one_sentence(commands: Commands, setting: str) -> None:
    """Exit code 2, named by the setting, nothing touched."""
    done = commands.scrapy("crawl", "mastodon", "-a", "acct=a@b.example", "-s", setting)
    assert done.returncode == 2, done.stderr
    assert f"Error: {setting.partition('=')[0]}" in done.stderr
    assert not commands.data.exists()


def test_a_copy_is_fetched_where_the_origin_lost_the_file(commands: Commands, farsite: Farsite) -> None:
    """A copy counts, a reduced one is marked; passing trouble leaves it pending; robots.txt and proxies are obeyed."""
    crawl(commands, farsite.url("/m/mastodon"), "acct=ruth")
    outcomes = rows(commands.data, "SELECT status, reason, detail FROM images ORDER BY id DESC")
    copy = farsite.url("/numbered/", "127.0.0.2")
    assert [(status, reason) for status, reason, _ in outcomes] == [
        ("done", ""), ("failed", "http-temporary"), ("skipped", "robots"), ("done", ""), ("failed", "http-gone"),
    ]  # fmt: skip
    assert (outcomes[0][2].startswith(f"from {copy}"), outcomes[3][2].startswith(f"reduced: {copy}")) == (True, True)
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
    posts_by_acct, _ = read_data_set(commands)
    assert {acct: len(of_acct) for acct, of_acct in posts_by_acct.items()} == {
        f"{author}@127.0.0.1:{farsite.port}": posts
    }


@pytest.fixture(scope="module")
def https_farsite() -> Iterator[Farsite]:
    """Farsite with https."""
    with run_farsite(HOSTS, "--tls") as site:
        yield site


def test_a_handle_is_resolved_by_webfinger_over_https(commands: Commands, https_farsite: Farsite) -> None:
    """Webfinger at the handle's domain; lookup and pages at the server it names; the account keeps its handle."""
    acct = f"dave@127.0.0.3:{https_farsite.port}"
    done = commands.scrapy("crawl", "mastodon", "-a", f"acct={acct}", "-s", "DOWNLOAD_VERIFY_CERTIFICATES=False")
    assert (done.returncode, "Traceback" in done.stderr) == (0, False), done.stderr
    requests = [(entry["host"].partition(":")[0], entry["path"].partition("?")[0]) for entry in https_farsite.log()]
    assert [host for host, path in requests if "webfinger" in path] == ["127.0.0.3"]
    assert {host for host, path in requests if "/api/" in path} == {"127.0.0.1"}
    posts, accounts = read_data_set(commands)
    assert (accounts, len(posts[acct])) == ([acct], 3)
    assert rows(commands.data, "SELECT DISTINCT status FROM images") == [("done",)]


def test_an_untrusted_server_gets_no_requests(commands: Commands, https_farsite: Farsite) -> None:
    """Certificates are verified; that is the account's reason, in one sentence, and nothing was read."""
    done = commands.scrapy("crawl", "mastodon", "-a", f"acct=dave@127.0.0.1:{https_farsite.port}")
    assert done.returncode == 1
    assert "no response to WebFinger: robots.txt: the server's certificate is not trusted" in done.stderr
    assert "No server answered, so nothing could be read." in done.stderr
    assert not [word for word in ("Traceback", "SSL", "routines") if word in done.stderr]
    assert not rows(commands.data, "SELECT 1 FROM images")


def test_rate_limited_pages_are_retried(commands: Commands, farsite: Farsite) -> None:
    """429 with X-RateLimit-Reset for each page at first: nothing is incomplete, every post is there."""
    crawl(commands, farsite.url("/m/mastodon~429"), "acct=alice", "collect_only=1")
    assert rows(commands.data, "SELECT state FROM listings") == [("ended",)]
    assert len(read_data_set(commands)[0][f"alice@127.0.0.1:{farsite.port}"]) == 95
    assert set(Counter(page_requests(farsite)).values()) == {2}


def test_a_blocking_server_does_not_hold_up_the_others(commands: Commands, farsite: Farsite) -> None:
    """A page for people instead of an answer: the account is left for later, the run ends."""
    stderr = crawl(commands, farsite.url("/m/mastodon~html"), "acct=alice,dave", "collect_only=1", code=1)
    assert stderr.count("demands a wait of 3600 s") >= 2
    assert [state for (state,) in rows(commands.data, "SELECT state FROM listings")] == ["incomplete", "incomplete"]


def test_page_delay_applies_to_pages_only(commands: Commands, farsite: Farsite) -> None:
    """Between two pages of a host lie so many seconds; its pictures do not wait."""
    base = farsite.url("/m/mastodon")
    crawl(commands, base, "acct=alice", "collect_only=1", settings=["MASTODON_PAGE_SECONDS=0.5"])
    times = [float(entry["at"]) for entry in farsite.log() if "/api/" in entry["path"]]
    assert len(times) == 4
    assert times[-1] - times[0] > 1.2  # three waits; a busy machine makes single gaps shorter or longer


def test_after_a_forced_stop_the_data_set_is_written_too(commands: Commands, farsite: Farsite) -> None:
    """Two SIGINTs: the two files and the status file tell of everything that was found."""
    options = ("-a", f"instance={farsite.url('/m/mastodon')}", "-a", "acct=alice", "-s", "DOWNLOAD_DELAY=0.5")
    run = commands.start("crawl", "mastodon", *options)
    deadline = time.monotonic() + 60
    while len([entry for entry in farsite.log() if "/numbered/" in entry["path"]]) < 3 and time.monotonic() < deadline:
        time.sleep(0.05)
    run.send_signal(signal.SIGINT)
    time.sleep(1)
    run.send_signal(signal.SIGINT)
    _, stderr = run.communicate(timeout=60)
    assert "Traceback" not in stderr
    assert rows(commands.data, "SELECT outcome FROM runs") == [("forced",)]
    (of_alice,) = read_data_set(commands)[0].values()
    assert len(of_alice) >= 40
    assert len(status(commands.data)["0"]) == len(of_alice)


def test_accounts_of_a_file_keep_their_rows(commands: Commands, farsite: Farsite) -> None:
    """accounts= without posts=: the numbers are the rows, also of accounts that are gone."""
    file = commands.data.parent / "accounts.csv"
    file.write_text("id,acct\n7,gone\n8,dave\n", encoding="utf-8")
    crawl(commands, farsite.url("/m/mastodon"), f"accounts={file}")
    assert [acct.partition("@")[0] for acct in read_data_set(commands)[1]] == ["gone", "dave"]
    assert {path.name[:2] for path in (commands.data / "images/mastodon").iterdir()} == {"1_"}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["acct=alice"], "must be user@host"),
        (["acct=a@b", "hashtag=x"], "exactly one of"),
        (["hashtag=x"], "needs -a instance"),
        (["timeline=home", "instance=x.example"], "must be one of public, local"),
        (["url=https://x.example/about"], "not the address of"),
        (["acct=a@b", "boosts=yes"], "must be one of 0, 1"),
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
