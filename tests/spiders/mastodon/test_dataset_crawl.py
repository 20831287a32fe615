"""A data set goes in, pictures, blobs, catalogue and status come out: whole crawls against the loopback server."""

import csv
import hashlib
import json
from pathlib import Path

import pytest
from PIL import Image

from tests import dataset_files as dataset
from tests.conftest import Commands
from tests.farsite.pictures import KINDS
from tests.farsite.process import Farsite

REJECTED = {
    "icon.ico": "format-not-allowed",
    "svg.svg": "format-not-allowed",
    "pdf.pdf": "not-an-image",
    "page.html": "not-an-image",
    "data.json": "not-an-image",
    "movie.mp4": "not-an-image",
    "empty": "not-an-image",
    "truncated.jpg": "truncated",
    "truncated.png": "truncated",
    "png-without-end.png": "truncated",
    "truncated.gif": "truncated",
    "truncated.webp": "truncated",
    "bomb.png": "too-many-pixels",
    "broken.jpg": "broken",
}


def _image_requests(farsite: Farsite) -> dict[str, int]:
    return {path: number for path, number in farsite.counts()["paths"].items() if path != "/robots.txt"}


def _outcomes(data: Path) -> dict[str, tuple[str, str]]:
    rows = dataset.rows(data, "SELECT key, status, reason FROM images")
    return {key.partition("/kind/")[2] or key: (status, reason) for key, status, reason in rows}


def test_every_kind_of_file_has_the_expected_outcome(farsite: Farsite, commands: Commands, tmp_path: Path) -> None:
    """Every picture is done as an upright RGB JPEG, everything else is refused with its own reason, all are counted."""
    kinds = list(KINDS)
    files = dataset.write(tmp_path, dataset.one_user([farsite.url(f"/kind/{kind}") for kind in kinds]))
    commands.crawl(files)
    outcomes = _outcomes(commands.data)
    assert {kind: reason for kind, (_, reason) in outcomes.items() if reason} == REJECTED
    assert set(outcomes) == set(kinds)
    for number, kind in enumerate(kinds):
        copy = commands.data / "images/mastodon" / f"0_{number}_0.jpg"
        assert copy.exists() == (kind not in REJECTED)
        if copy.exists():
            with Image.open(copy) as picture:
                picture.load()
                assert picture.format in ("JPEG", "MPO")
                assert picture.mode in ("RGB", "L")
                assert picture.getexif().get(0x0112, 1) == 1
    assert _image_requests(farsite) == {f"/kind/{kind}": 1 for kind in kinds}


def test_the_status_file_has_the_old_scripts_format(farsite: Farsite, commands: Commands, tmp_path: Path) -> None:
    """Text keys for users and posts, entries sorted by url_idx, success and error as the old script wrote them."""
    good, missing = farsite.url("/photo/1.jpg"), farsite.url("/status/404")
    files = dataset.write(tmp_path, {"b@x": [(7, [good, missing])], "a@x": [(0, [good])]}, ["a@x", "b@x"])
    commands.crawl(files)
    assert dataset.status(commands.data) == {
        "0": {"0": [{"url_idx": 0, "url": good, "success": True, "error": None}]},
        "1": {
            "7": [
                {"url_idx": 0, "url": good, "success": True, "error": None},
                {"url_idx": 1, "url": missing, "success": False, "error": "http-gone: HTTP 404"},
            ]
        },
    }
    assert sorted(path.name for path in (commands.data / "images/mastodon").iterdir()) == ["0_0_0.jpg", "1_7_0.jpg"]


def test_a_second_run_requests_nothing_that_is_done(farsite: Farsite, commands: Commands, tmp_path: Path) -> None:
    """What is done or gone for good is not requested again; the same command again changes nothing."""
    urls = [farsite.url(f"/photo/{number}.jpg") for number in range(5)] + [farsite.url("/status/410")]
    files = dataset.write(tmp_path, dataset.one_user(urls))
    commands.crawl(files)
    before = dataset.status(commands.data)
    farsite.clear()
    commands.crawl(files)
    assert _image_requests(farsite) == {}
    assert dataset.status(commands.data) == before


@pytest.mark.parametrize(
    ("retry", "requested"),
    [("none", set()), ("failed", {"/status/500", "/cut/jpeg-rgb.jpg"}), ("all", {"/status/500", "/cut/jpeg-rgb.jpg",
     "/status/404", "/kind/page.html", "/kind/bomb.png", "/kind/icon.ico"})],
)  # fmt: skip
def test_retry_selects_which_failures_are_requested_again(
    farsite: Farsite, commands: Commands, tmp_path: Path, retry: str, requested: set[str]
) -> None:
    """`failed` repeats the temporary failures, `all` every refusal, `none` nothing."""
    paths = ["/status/500", "/cut/jpeg-rgb.jpg", "/status/404", "/kind/page.html", "/kind/bomb.png", "/kind/icon.ico"]
    files = dataset.write(tmp_path, dataset.one_user([farsite.url(path) for path in paths] + ["mailto:a@b"]))
    commands.crawl(files)
    farsite.clear()
    commands.crawl(files, "-a", f"retry={retry}")
    assert set(_image_requests(farsite)) == requested


def test_a_temporary_failure_is_done_by_a_later_run(farsite: Farsite, commands: Commands, tmp_path: Path) -> None:
    """A host that answers 503 four times loses one run (three tries), not the image."""
    files = dataset.write(tmp_path, dataset.one_user([farsite.url("/status/503/4/jpeg-rgb.jpg")]))
    commands.crawl(files, code=1)
    assert dataset.rows(commands.data, "SELECT status, reason, attempts FROM images") == [
        ("failed", "http-temporary", 1)
    ]
    commands.crawl(files)
    assert dataset.rows(commands.data, "SELECT status, reason, attempts FROM images") == [("done", "", 2)]


def test_equal_bytes_from_two_urls_are_one_blob(farsite: Farsite, commands: Commands, tmp_path: Path) -> None:
    """Two addresses with the same bytes: both fetched, one blob, two named copies that are links to it."""
    urls = [farsite.url("/kind/jpeg-rgb.jpg"), farsite.url("/kind/jpeg-rgb.jpg?again")]
    commands.crawl(dataset.write(tmp_path, dataset.one_user(urls)))
    blobs = [path for path in (commands.data / "blobs").rglob("*") if path.is_file()]
    sha256 = hashlib.sha256(KINDS["jpeg-rgb.jpg"]()).hexdigest()
    assert [path.relative_to(commands.data / "blobs") for path in blobs] == [Path(sha256[:2], f"{sha256}.jpg")]
    copies = [commands.data / "images/mastodon" / name for name in ("0_0_0.jpg", "0_1_0.jpg")]
    assert all(copy.samefile(blobs[0]) for copy in copies)


def test_one_url_in_many_places_is_fetched_once(farsite: Farsite, commands: Commands, tmp_path: Path) -> None:
    """The same address at several positions: one request, every name."""
    url = farsite.url("/photo/3.jpg")
    commands.crawl(dataset.write(tmp_path, {"a@x": [(0, [url, url]), (4, [url])], "b@x": [(0, [url])]}))
    assert _image_requests(farsite) == {"/photo/3.jpg": 1}
    names = {path.name for path in (commands.data / "images/mastodon").iterdir()}
    assert names == {"0_0_0.jpg", "0_0_1.jpg", "0_4_0.jpg", "1_0_0.jpg"}


def test_a_repeated_url_costs_no_other_image(farsite: Farsite, commands: Commands, tmp_path: Path) -> None:
    """A URL that stands again far behind in the file, when it is long done, makes none of the others be left out."""
    urls = [farsite.url(f"/slow/0.02/jpeg-rgb.jpg?{number}") for number in range(600)]
    commands.crawl(dataset.write(tmp_path, dataset.one_user([*urls, urls[41], urls[0]])))
    assert dataset.rows(commands.data, "SELECT status, count(*) FROM images GROUP BY status") == [("done", 600)]
    assert all(number == 1 for number in _image_requests(farsite).values())


def test_urls_with_one_fingerprint_are_all_done(farsite: Farsite, commands: Commands, tmp_path: Path) -> None:
    """Fragments, another order of the query and surrounding spaces: each text gets its picture and its name."""
    url = farsite.url("/slow/0.2/jpeg-rgb.jpg")
    urls = [f"{url}#1", f"{url}#2", f"{url}?a=1&b=2", f"{url}?b=2&a=1", f" {url}?a=1&b=2"]
    commands.crawl(dataset.write(tmp_path, {"a@x": [(0, urls)]}))
    assert dataset.rows(commands.data, "SELECT status, count(*) FROM images GROUP BY status") == [("done", 5)]
    assert len(list((commands.data / "images/mastodon").iterdir())) == 5


def test_many_urls_with_one_fingerprint_finish_in_any_order(
    farsite: Farsite, commands: Commands, tmp_path: Path
) -> None:
    """Some wait for the answer that another one asked for while that one's is already forgotten."""
    urls = [farsite.url(f"/{path}#{number}") for number in range(150) for path in ("photo/1.jpg", "nothing.jpg")]
    commands.crawl(dataset.write(tmp_path, {"a@x": [(0, urls)]}))
    counts = dict(dataset.rows(commands.data, "SELECT status, count(*) FROM images GROUP BY status"))
    assert counts == {"done": 150, "failed": 150}


def test_a_damaged_blob_is_replaced_by_good_bytes(farsite: Farsite, commands: Commands, tmp_path: Path) -> None:
    """A blob whose bytes were damaged without changing its size is fetched and written anew."""
    files = dataset.write(tmp_path, dataset.one_user([farsite.url("/photo/1.jpg")]))
    commands.crawl(files)
    (blob,) = (commands.data / "blobs").rglob("*.jpg")
    good = blob.read_bytes()
    blob.unlink()
    blob.write_bytes(bytes(len(good)))
    commands.crawl(files, "-a", f"output={tmp_path / 'second'}")
    assert blob.read_bytes() == good
    assert (tmp_path / "second" / "0_0_0.jpg").read_bytes() == good


def test_a_data_directory_may_have_any_name(farsite: Farsite, commands: Commands, tmp_path: Path) -> None:
    """Spaces, question marks and percent signs in the path are part of it."""
    commands.data = tmp_path / "what? 100%20 #1"
    commands.crawl(dataset.write(tmp_path / "in", dataset.one_user([farsite.url("/photo/1.jpg")])))
    assert {path.name for path in tmp_path.iterdir()} == {"in", "what? 100%20 #1"}
    assert dataset.rows(commands.data, "SELECT status FROM images") == [("done",)]


def test_posts_with_the_same_index_continue_numbering(farsite: Farsite, commands: Commands, tmp_path: Path) -> None:
    """The second post of an index continues the URL numbers, with a warning, and no name overwrites another."""
    urls = [farsite.url(f"/photo/{number}.jpg") for number in range(3)]
    done = commands.crawl(dataset.write(tmp_path, {"a@x": [(2, urls[:2]), (2, urls[2:])]}))
    entries = dataset.status(commands.data)["0"]["2"]
    assert [(entry["url_idx"], entry["url"]) for entry in entries] == list(enumerate(urls))
    assert "1 post with the index of an earlier post; their URLs are numbered on: a@x, post 2" in done.stderr


def test_unlisted_accounts_are_reported_and_counted(farsite: Farsite, commands: Commands, tmp_path: Path) -> None:
    """URLs of an account without a row are skipped with a reason; once listed they are fetched."""
    posts = {"a@x": [(0, [farsite.url("/photo/1.jpg")])], "b@x": [(0, [farsite.url("/photo/2.jpg")])]}
    done = commands.crawl(dataset.write(tmp_path, posts, ["a@x"]))
    assert "Account b@x is not in the accounts file: skipping 1 URL" in done.stderr
    assert dataset.rows(commands.data, "SELECT status, reason FROM images ORDER BY id") == [
        ("done", ""),
        ("skipped", "account-not-listed"),
    ]
    commands.crawl(dataset.write(tmp_path, posts, ["a@x", "b@x"]))
    assert dataset.rows(commands.data, "SELECT status, reason FROM images ORDER BY id") == [("done", ""), ("done", "")]


def test_the_last_row_of_a_repeated_account_counts(farsite: Farsite, commands: Commands, tmp_path: Path) -> None:
    """A repeated acct gets the number of its last row, with a warning."""
    files = dataset.write(tmp_path, {"a@x": [(0, [farsite.url("/photo/1.jpg")])]}, ["a@x", "b@x", "a@x"])
    done = commands.crawl(files)
    assert "1 account with several rows in the accounts file; the last one counts: a@x" in done.stderr
    assert list(dataset.status(commands.data)) == ["2"]


@pytest.mark.parametrize("form", ["rgb", "original"])
def test_other_formats_keep_bytes_or_mode(farsite: Farsite, commands: Commands, tmp_path: Path, form: str) -> None:
    """`rgb` keeps JPEG and PNG and makes everything RGB; `original` leaves every byte as it came."""
    kinds = [kind for kind in KINDS if kind not in REJECTED]
    files = dataset.write(tmp_path, dataset.one_user([farsite.url(f"/kind/{kind}") for kind in kinds]))
    commands.crawl(files, "-a", f"format={form}")
    for number, kind in enumerate(kinds):
        (copy,) = (commands.data / "images/mastodon").glob(f"0_{number}_0.*")
        if form == "original":
            assert copy.read_bytes() == KINDS[kind]()
        else:
            with Image.open(copy) as picture:
                assert (picture.format, picture.mode) in {("JPEG", "RGB"), ("PNG", "RGB"), ("MPO", "RGB")}


def test_another_output_costs_no_download(farsite: Farsite, commands: Commands, tmp_path: Path) -> None:
    """Known bytes are named anew, in another form, from the blobs; status and log lie beside the copies."""
    files = dataset.write(tmp_path, dataset.one_user([farsite.url("/kind/png-rgba.png"), farsite.url("/photo/1.jpg")]))
    commands.crawl(files)
    farsite.clear()
    output = tmp_path / "second"
    commands.crawl(files, "-a", f"output={output}", "-a", "format=rgb")
    assert farsite.counts()["requests"] == 0
    names = {path.name for path in output.iterdir()}
    assert names == {"0_0_0.png", "0_1_0.jpg", "download_status.json", "image_download.log"}


def test_a_foreign_file_is_never_replaced(farsite: Farsite, commands: Commands, tmp_path: Path) -> None:
    """Where a name is taken, the bytes are kept as a blob, and the image fails until the other file is gone."""
    output = tmp_path / "out"
    output.mkdir()
    (output / "0_0_0.jpg").write_bytes(b"mine")
    files = dataset.write(tmp_path, dataset.one_user([farsite.url("/photo/1.jpg")]))
    commands.crawl(files, "-a", f"output={output}", code=1)
    assert (output / "0_0_0.jpg").read_bytes() == b"mine"
    assert dataset.rows(commands.data, "SELECT status, reason FROM images") == [("failed", "name-taken")]
    (output / "0_0_0.jpg").unlink()
    farsite.clear()
    commands.crawl(files, "-a", f"output={output}")
    assert farsite.counts()["requests"] == 0
    assert dataset.rows(commands.data, "SELECT status, reason FROM images") == [("done", "")]


@pytest.mark.parametrize("ending", ["json", "jsonl", "csv"])
def test_feeds_carry_every_field_without_nesting(
    farsite: Farsite, commands: Commands, tmp_path: Path, ending: str
) -> None:
    """One row per image, done or not, every public field, no nesting, no bytes."""
    files = dataset.write(tmp_path, dataset.one_user([farsite.url("/photo/1.jpg"), farsite.url("/status/404")]))
    feed = tmp_path / f"items.{ending}"
    commands.crawl(files, "-O", str(feed))
    text = feed.read_text(encoding="utf-8")
    if ending == "csv":
        feed_rows = list(csv.DictReader(text.splitlines()))
    else:
        feed_rows = json.loads(text) if ending == "json" else [json.loads(line) for line in text.splitlines()]
    by_status = {row["status"]: row for row in feed_rows}
    assert set(by_status) == {"done", "failed"}
    done, failed = by_status["done"], by_status["failed"]
    assert set(done) == set(failed) >= {"site", "key", "url", "names", "author", "sha256", "blob", "phash", "reason"}
    assert (failed["reason"], failed["detail"]) == ("http-gone", "HTTP 404")
    assert (commands.data / done["blob"]).is_file()
    assert len(done["phash"]) == len(done["dhash"]) == len(done["average"]) == len(done["whash"]) == 16
    assert not any(isinstance(value, dict) for value in done.values())


def test_network_errors_have_their_own_reasons(farsite: Farsite, commands: Commands, tmp_path: Path) -> None:
    """Timeout, DNS, reset, cut bodies, loops, robots and endless bodies each have a reason; none leaves a traceback."""
    expected = {
        farsite.url("/slow/9/jpeg-rgb.jpg"): "timeout",
        farsite.url("/drip/jpeg-rgb.jpg"): "timeout",
        "http://nowhere.invalid/a.jpg": "dns",
        "http://127.0.0.1:9/a.jpg": "connection",
        farsite.url("/reset"): "connection",
        farsite.url("/cut/jpeg-rgb.jpg"): "connection",
        farsite.url("/cut-chunked/jpeg-rgb.jpg"): "connection",
        farsite.url("/redirect-loop"): "redirect",
        farsite.url("/redirect-to?url=ftp%3A%2F%2Fx%2Fa.jpg"): "redirect",
        farsite.url("/redirect-to?url=http://[bad"): "bad-answer",
        farsite.url("/redirect-to?url=mailto:x@y"): "bad-answer",
        farsite.url("/gzip-junk/jpeg-rgb.jpg"): "bad-answer",
        "http://user:password@127.0.0.1/a.jpg": "bad-url",
        farsite.url("/forbidden/jpeg-rgb.jpg"): "robots",
        farsite.url("/endless"): "too-many-bytes",
        farsite.url("/gzip-bomb"): "too-many-bytes",
        farsite.url("/html-200"): "not-an-image",
        farsite.url("/status/404"): "http-gone",
        farsite.url("/status/403"): "http-temporary",
        farsite.url("/status/500"): "http-temporary",
        "ftp://old.example/a.jpg": "bad-url",
        "": "bad-url",
        "http://[::1/a.jpg": "bad-url",
        farsite.url("/redirect/3/jpeg-rgb.jpg"): "",
    }
    files = dataset.write(tmp_path, {"a@x": [(0, list(expected))]})
    stderr = commands.crawl(files, "-s", "DOWNLOAD_MAXSIZE=3000000").stderr
    assert dict(dataset.rows(commands.data, "SELECT key, reason FROM images")) == expected
    details = dict(dataset.rows(commands.data, "SELECT key, detail FROM images WHERE reason = 'connection'"))
    assert set(details.values()) == {
        "robots.txt: connection refused", "the connection broke off", "the connection broke off before the end",
    }  # fmt: skip
    assert "DOWNLOAD_FAIL_ON_DATALOSS" not in stderr


def test_small_pictures_and_thumbnails_follow_scrapys_settings(
    farsite: Farsite, commands: Commands, tmp_path: Path
) -> None:
    """IMAGES_MIN_WIDTH skips as too-small; IMAGES_THUMBS makes thumbs/<name>/<2 hex>/<sha256>.jpg."""
    files = dataset.write(tmp_path, dataset.one_user([farsite.url("/kind/tiny.png"), farsite.url("/photo/1.jpg")]))
    commands.crawl(files, "-s", "IMAGES_MIN_WIDTH=2", "-s", 'IMAGES_THUMBS={"small": [100, 100]}')
    assert dataset.rows(commands.data, "SELECT reason FROM images ORDER BY id") == [("too-small",), ("",)]
    (thumb,) = (commands.data / "thumbs/small").rglob("*.jpg")
    with Image.open(thumb) as picture:
        assert max(picture.size) == 100


def test_the_http_cache_never_holds_an_image(farsite: Farsite, commands: Commands, tmp_path: Path) -> None:
    """After a harvest the cache has no body that is a picture."""
    commands.crawl(dataset.write(tmp_path, dataset.one_user([farsite.url("/photo/1.jpg")])))
    bodies = list((commands.data / "httpcache").rglob("response_body"))
    assert not [body for body in bodies if body.read_bytes()[:2] == b"\xff\xd8"]
    assert dataset.rows(commands.data, "SELECT count(*) FROM images WHERE status = 'done'") == [(1,)]


def test_the_log_has_one_unforgeable_line_per_image(farsite: Farsite, commands: Commands, tmp_path: Path) -> None:
    """One line each with status, name, URL and reason; control characters shown as text; the summary at the end."""
    forged = farsite.url("/status/404?\n2026-01-01\tdone\t\x1b[2J")
    files = dataset.write(tmp_path, dataset.one_user([farsite.url("/photo/1.jpg"), forged]))
    commands.crawl(files)
    lines = [line.split("\t") for line in (commands.data / "image_download.log").read_text().splitlines()]
    assert sorted(line[1] for line in lines) == ["done", "failed", "summary"]
    (failed,) = (line for line in lines if line[1] == "failed")
    assert failed[2:] == ["0_1_0", forged.replace("\n", "\\n").replace("\t", "\\t").replace("\x1b", "\\x1b"),
                          "http-gone", "HTTP 404"]  # fmt: skip
    assert lines[-1][3:] == ["expected 2", "done 1", "failed 1", "http-gone 1", "skipped 0", "pending 0"]
