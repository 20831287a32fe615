"""Bad input is one clear sentence and exit code 2, and nothing is touched."""

import json
import sqlite3
from pathlib import Path

import pytest

from tests import dataset_files as dataset
from tests.conftest import Commands
from tests.farsite.process import Farsite

GOOD_POSTS = '{"a@x": [{"index": 0, "image_urls": ["http://127.0.0.1:9/a.jpg"]}]}'
GOOD_ACCOUNTS = "acct\na@x\n"


def refused_crawl_message(
    commands: Commands, folder: Path, posts: str | bytes, accounts: str | bytes, *options: str
) -> str:
    """Runs the crawl, which must be refused; returns what it said."""
    folder.mkdir(exist_ok=True)
    for name, content in (("posts.json", posts), ("accounts.csv", accounts)):
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    files = dataset.DataSet(folder / "posts.json", folder / "accounts.csv")
    done = commands.scrapy("crawl", "mastodon", *files.arguments, "--nolog", *options)
    assert done.returncode == 2, done.stderr
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    return lines[0]


@pytest.mark.parametrize(
    ("posts", "says"),
    [
        ('{"a@x": [\n{"index": 0,, }]}', "posts.json: line 2, column 13: parse error"),
        ('{"a@x": [', "posts.json: line 1, column 10: the file ends too early"),
        ("", "posts.json: line 1, column 1: the file ends too early"),
        ("[]", "posts.json: expected a JSON object, found '[]'"),
        (b'{"a@x": [{"index": 0, "image_urls": ["\xff"]}]}', "posts.json: line 1, column 39: lexical error"),
        ('{"a@x": 5}', "posts.json: account 'a@x': expected a list of posts, found 5"),
        ('{"a@x": [7]}', "post number 0: expected an object, found 7"),
        ('{"a@x": [{"image_urls": []}]}', "post number 0: there is no 'index'"),
        ('{"a@x": [{"index": 0}]}', "post number 0: there is no 'image_urls'"),
        ('{"a@x": [{"index": "0", "image_urls": []}]}', "'index' must be a whole number from 0, found \"0\""),
        ('{"a@x": [{"index": -1, "image_urls": []}]}', "'index' must be a whole number from 0, found -1"),
        ('{"a@x": [{"index": 1e30, "image_urls": []}]}', "'index' must be a whole number from 0"),
        ('{"a@x": [{"index": 0, "image_urls": "u"}]}', "'image_urls' must be a list, found \"u\""),
        ('{"a@x": [{"index": 0, "image_urls": ["u", null]}]}', "image_urls[1] must be text, found null"),
        ('{"a@x": [], "a@x": []}', "account 'a@x' appears twice"),
        ('{"a@x":' + "[" * 100_000, "nested deeper than 5000 levels"),
        ('{"a@x": [' + "[" * 2000 + "]" * 2000 + "]}", "expected an object, found something deeply nested"),
        ('{"a@x": [{"index": ' + "1" * 5000 + "}]}", "a number of more than 2000 digits"),
        ('{"a@x": [{"index": 1e99999999999999999999}]}', "a text or a number is invalid"),
        ('{"a@x": [{"index": 0, "image_urls": ["\\udc00\\ud800"]}]}', "a text or a number is invalid"),
    ],
)
def test_a_broken_posts_file_is_refused(commands: Commands, tmp_path: Path, posts: str | bytes, says: str) -> None:
    """The sentence names the file and the place, and no data directory comes into being."""
    assert says in refused_crawl_message(commands, tmp_path / "in", posts, GOOD_ACCOUNTS)
    assert not commands.data.exists()


@pytest.mark.parametrize(
    ("accounts", "says"),
    [
        ("id,name\n1,a\n", "accounts.csv: there is no column named acct (columns found: id, name)"),
        ("", "accounts.csv: there is no column named acct (columns found: none)"),
        (b"acct\n\xff\xfe\n", "accounts.csv: not UTF-8 text"),
        ("acct\n" + "x" * 200_000, "accounts.csv, line 2: not CSV (field larger than field limit"),
    ],
)
def test_a_broken_accounts_file_is_refused(
    commands: Commands, tmp_path: Path, accounts: str | bytes, says: str
) -> None:
    """The sentence names the file and what is wrong, and no data directory comes into being."""
    assert says in refused_crawl_message(commands, tmp_path / "in", GOOD_POSTS, accounts)
    assert not commands.data.exists()


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (("-a", "post=x"), "-a post=: the mastodon spider has no such argument. Did you mean posts?"),
        (("-a", "format=jpg"), "-a format=jpg: must be one of jpeg, rgb, original"),
        (("-a", "retry=yes"), "-a retry=yes: must be one of failed, all, none"),
        (("-a", "posts="), "-a posts=… is missing"),
        (("-a", "posts=/nowhere/posts.json"), "/nowhere/posts.json: No such file or directory"),
        (("-a", "accounts=/"), "/: Is a directory"),
        (("-s", "HARVESTER_JPEG_QUALITY=101"), "HARVESTER_JPEG_QUALITY=101: must be a whole number from 1 to 100"),
        (("-s", "HARVESTER_BACKGROUND=white"), "HARVESTER_BACKGROUND=white: must be a colour such as #ffffff"),
        (("-s", "HARVESTER_MAX_PIXELS=many"), "HARVESTER_MAX_PIXELS=many: must be a whole number from 1"),
        (("-s", "HARVESTER_FORMATS=JPEG,XCF"), "HARVESTER_FORMATS: XCF is not one of"),
        (("-s", "HARVESTER_WORKERS=-1"), "HARVESTER_WORKERS=-1: must be a whole number from 0"),
        (("-s", "HARVESTER_PICTURE_SECONDS=0"), "HARVESTER_PICTURE_SECONDS=0: must be a number above 0"),
        (("-s", "HARVESTER_WORKER_MEMORY=9"), "HARVESTER_WORKER_MEMORY=9: must be 0, or at least 256 (MB)"),
        (("-s", 'IMAGES_THUMBS={"../x": [1, 1]}'), "must map plain names to (width, height) in pixels"),
        (("-s", "CONCURRENT_REQUESTS=0"), "CONCURRENT_REQUESTS=0: must be a whole number from 1"),
        (("-s", "DOWNLOAD_TIMEOUT=soon"), "DOWNLOAD_TIMEOUT=soon: must be a number above 0"),
        (("-s", "DOWNLOAD_DELAY=-1"), "DOWNLOAD_DELAY=-1: must be a number from 0"),
        (("-s", "ROBOTSTXT_OBEY=maybe"), "ROBOTSTXT_OBEY=maybe: must be 0 or 1"),
        (("-a", "output=~nobody-here/x"), "-a output=~nobody-here/x: "),
        (("-a", "output=/dev/null"), "-a output=/dev/null: not a folder"),
        (("-s", "HARVESTER_CATALOGUE=sqlite://"), "names no file, so nothing would be saved"),
        (("-s", "HARVESTER_CATALOGUE=nonsense"), "HARVESTER_CATALOGUE: 'nonsense' is not a SQLAlchemy URL"),
        (("-s", "HARVESTER_CONTACT=me\r\nX-Evil: 1"), "HARVESTER_CONTACT='me\\r\\nX-Evil: 1': must be one line"),
        (("-s", "COOKIES_ENABLED=x"), "COOKIES_ENABLED=x: must be 0 or 1"),
        (("-s", "HARVESTER_FORMATS= ,"), "HARVESTER_FORMATS: is empty, so nothing could be kept"),
        (("-s", "HARVESTER_WORKERS=257"), "HARVESTER_WORKERS=257: must be a whole number from 0 to 256"),
        (("-s", "HARVESTER_CATALOGUE=oracle://x/y"), "HARVESTER_CATALOGUE: no driver for oracle is installed"),
    ],
)
def test_a_wrong_option_is_refused(commands: Commands, tmp_path: Path, more: tuple[str, ...], says: str) -> None:
    """The sentence names the option, and no data directory comes into being."""
    assert says in refused_crawl_message(commands, tmp_path / "in", GOOD_POSTS, GOOD_ACCOUNTS, *more)
    assert not commands.data.exists()


def test_a_data_directory_that_cannot_be_made_is_refused(commands: Commands, tmp_path: Path) -> None:
    """No folder can be made there, whoever asks."""
    commands.data = Path("/proc/nowhere/data")
    message = refused_crawl_message(commands, tmp_path / "in", GOOD_POSTS, GOOD_ACCOUNTS)
    assert "The data directory /proc/nowhere/data cannot be created or written to: No such file" in message


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("crawl", "mastodn"), "there is no spider mastodn. Did you mean mastodon?"),
        (("crawl",), "expected the name of one spider, got: nothing"),
        (("crawl", "mastodon", "--retry"), "expected the name of one spider, got: mastodon --retry"),
        (("crawl", "mastodon", "-a", "posts"), "Invalid -a value"),
        (("status", "--jsn"), "unknown: --jsn"),
        (("status",), "There is no catalogue in"),
    ],
)
def test_a_wrong_command_line_is_refused(commands: Commands, words: tuple[str, ...], says: str) -> None:
    """Unknown spiders and options are refused by every command of ours."""
    done = commands.scrapy(*words)
    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert not commands.data.exists()


def test_different_data_set_is_refused(farsite: Farsite, commands: Commands, tmp_path: Path) -> None:
    """Files that give known names another meaning are refused, whether accounts or URLs have moved."""
    url = farsite.url("/photo/1.jpg")
    commands.crawl(dataset.write(tmp_path / "one", {"a@x": [(0, [url])]}))
    before = {path: path.read_bytes() for path in commands.data.rglob("*") if path.is_file() and path.suffix != ".db"}
    for posts, says in (
        ({"b@x": [(0, [url])]}, "belongs to another data set: its user 0 is a@x, but in the accounts file it is b@x"),
        ({"a@x": [(0, [url + "?2"])]}, "belongs to another data set: 0_0_0 is"),
    ):
        files = dataset.write(tmp_path / "two", posts)
        done = commands.scrapy("crawl", "mastodon", *files.arguments, "--nolog")
        assert (done.returncode, says in done.stderr, "Traceback" in done.stderr) == (2, True, False), done.stderr
    done = commands.scrapy("crawl", "mastodon", *dataset.write(tmp_path / "one", {"a@x": [(0, [url])]}).arguments,
                           "-a", "format=rgb", "--nolog")  # fmt: skip
    assert "was made with format=jpeg; to use another format, give another output=" in done.stderr
    assert done.returncode == 2
    assert {path: path.read_bytes() for path in before} == before


@pytest.mark.parametrize("words", [("status",), ("crawl",)])
def test_a_catalogue_that_cannot_be_used_is_refused(commands: Commands, tmp_path: Path, words: tuple[str, ...]) -> None:
    """A newer schema, a strange database and a file that is none: one sentence each, the file stays as it is."""
    files = dataset.write(tmp_path, dataset.one_user(["http://127.0.0.1:9/a.jpg"]))
    arguments = ("mastodon", *files.arguments, "--nolog") if words == ("crawl",) else ()
    commands.data.mkdir()
    path = commands.data / "catalogue.db"
    for script, says in (
        ("CREATE TABLE alembic_version (version_num TEXT); INSERT INTO alembic_version VALUES ('9999')",
         "was written by a newer harvester, or by one from before 0.1.0 (schema 9999, this one knows"),
        ("CREATE TABLE recipes (name TEXT)", "is the database of another program"),
        (None, "file is not a database"),
    ):  # fmt: skip
        path.unlink(missing_ok=True)
        if script is None:
            path.write_bytes(b"not a database at all " * 100)
        else:
            with sqlite3.connect(path) as connection:
                connection.executescript(script)
        before = path.read_bytes()
        done = commands.scrapy(*words, *arguments)
        assert (done.returncode, "Traceback" in done.stderr) == (2, False), done.stderr
        assert says in done.stderr
        if script is None:
            assert path.read_bytes() == before


def test_files_with_a_byte_order_mark_are_read(farsite: Farsite, commands: Commands, tmp_path: Path) -> None:
    """A BOM before either file is no mistake, nor are extra or nameless columns."""
    posts = json.dumps({"a@x": [{"index": 0, "image_urls": [farsite.url("/photo/1.jpg")]}]})
    (tmp_path / "posts.json").write_bytes(b"\xef\xbb\xbf" + posts.encode())
    (tmp_path / "accounts.csv").write_bytes(b"\xef\xbb\xbf,acct,label,\r\n12,a@x,1,\r\n")
    commands.crawl(dataset.DataSet(tmp_path / "posts.json", tmp_path / "accounts.csv"))
    assert (commands.data / "images/mastodon/0_0_0.jpg").is_file()


def test_unlisted_accounts_do_not_hide_another_data_set(farsite: Farsite, commands: Commands, tmp_path: Path) -> None:
    """The comparison with what is known goes on behind any number of URLs without a name."""
    unlisted = [(0, [f"http://127.0.0.1:9/{number}" for number in range(1200)])]
    for url, code in ((farsite.url("/photo/1.jpg"), 0), (farsite.url("/photo/2.jpg"), 2)):
        files = dataset.write(tmp_path, {"z@x": unlisted, "a@x": [(0, [url])]}, ["a@x"])
        assert commands.scrapy("crawl", "mastodon", *files.arguments, "--nolog").returncode == code


def test_output_folder_is_compared_resolved(farsite: Farsite, commands: Commands, tmp_path: Path) -> None:
    """A symbolic link or a detour to the output of another data set is that output; the data directory is none."""
    (tmp_path / "out").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "out")
    commands.crawl(dataset.write(tmp_path / "one", {"a@x": [(0, [farsite.url("/photo/1.jpg")])]}),
                   "-a", f"output={tmp_path / 'out'}")  # fmt: skip
    files = dataset.write(tmp_path / "two", {"b@x": [(0, [farsite.url("/photo/2.jpg")])]})
    for output in (tmp_path / "link", tmp_path / "one" / ".." / "out", commands.data):
        done = commands.scrapy("crawl", "mastodon", *files.arguments, "-a", f"output={output}", "--nolog")
        assert done.returncode == 2, output
