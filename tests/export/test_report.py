"""scrapy report: one page that tells the truth, needs nothing else, and looks as it should in a real browser."""

import json
import re
import shutil
import sqlite3
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest
from PIL import Image

from harvester.storage.blobs import digest
from harvester.text import format_bytes
from tests.conftest import ROOT, Commands
from tests.dataset_files import rows
from tests.export.exports import add_long_text

ARTEFACTS = ROOT / "test-artefacts"
"""What a person may look at after the tests."""

HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(2)>\u202egnp.exe\x07 {{ 7 * 7 }}'
VOID = {"meta", "link", "img", "br", "hr", "input"}


class _ReportPage(HTMLParser):
    """What stands in a page, as a browser would read it; and whether every element is closed."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.source = path.read_text(encoding="utf-8")
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(self.source)
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += f"{data} "

    def all(self, tag: str) -> list[dict[str, str]]:
        """The attributes of every element of that name."""
        return [attributes for name, attributes in self.elements if name == tag]


def _write_report(commands: Commands, code: int = 0, to: str = "report.html") -> Path:
    path = commands.data.parent / to
    done = commands.scrapy("report", "--to", str(path))
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    return path


def _screenshot(page: Path, name: str, *options: str) -> Image.Image:
    """By headless Chromium, without any network; kept for people to look at."""
    chromium = shutil.which("chromium")
    assert chromium, "Chromium is missing: make chromium"
    ARTEFACTS.mkdir(exist_ok=True)
    picture = ARTEFACTS / name
    picture.unlink(missing_ok=True)
    profile = page.parent / "chromium"
    words = [chromium, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run",
             "--host-resolver-rules=MAP * ~NOTFOUND", f"--user-data-dir={profile}", f"--screenshot={picture}",
             *options, page.as_uri()]  # fmt: skip
    subprocess.run(words, check=True, capture_output=True, timeout=180)
    return Image.open(picture).convert("RGB")


def test_the_page_shows_what_the_catalogue_holds(harvested: Commands) -> None:
    """Summaries, every reason, formats, runs and groups of near-duplicates, with the numbers of the catalogue."""
    harvested.scrapy("dedupe")
    page = _ReportPage(_write_report(harvested))
    text = " ".join(page.text.split())
    for site, number in rows(
        harvested.data, "SELECT site, count(*) FROM images JOIN collections c ON c.id = collection_id GROUP BY site"
    ):
        assert f"{site} {number} expected" in text
    for status, number in rows(
        harvested.data, "SELECT status, count(*) FROM images WHERE collection_id = 1 GROUP BY 1"
    ):
        assert f"{status} {number} " in text
    assert "http-gone failed 404, 410, 451" in text
    for format, number in rows(harvested.data, "SELECT format, count(*) FROM blobs GROUP BY 1"):
        assert f"{format} {number} " in text
    pictures = rows(harvested.data, "SELECT count(*) FROM blobs")[0][0]
    assert f"different images {pictures} " in text
    stats = json.loads(harvested.scrapy("stats", "--json").stdout)
    assert f"size of originals {format_bytes(stats['sizes']['total'])} " in text
    assert f"exact duplicates {stats['exact_duplicates']:,} " in text
    assert text.count(" finished") == rows(harvested.data, "SELECT count(*) FROM runs")[0][0]
    assert re.search(r"[1-9]\d* groups? new", text)
    assert (
        len([element for element in page.all("img") if element["src"].startswith("data:image/jpeg;base64,")])
        >= pictures
    )


def test_the_page_needs_no_network_and_no_script(harvested: Commands) -> None:
    """Nothing is loaded from anywhere; the page itself forbids it."""
    page = _ReportPage(_write_report(harvested))
    names = {tag for tag, _ in page.elements}
    assert not names & {"script", "link", "iframe", "object", "embed", "base", "form"}
    assert all(element["src"].startswith("data:") for element in page.all("img"))
    assert "url(" not in page.source
    assert "@import" not in page.source
    (policy,) = (
        element["content"] for element in page.all("meta") if element.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy.startswith("default-src 'none'; img-src data:;")


def test_the_page_is_accessible(harvested: Commands) -> None:
    """Landmarks, one h1, sections with names, a text for every picture, captions and header cells of tables."""
    page = _ReportPage(_write_report(harvested))
    assert all(len(page.all(tag)) == 1 for tag in ("header", "main", "nav", "footer", "h1"))
    ids = {attributes["id"] for _, attributes in page.elements if "id" in attributes}
    assert page.all("section")
    assert all(element["aria-labelledby"] in ids for element in page.all("section"))
    assert all(element["alt"] for element in page.all("img"))
    assert all(element.get("aria-hidden") == "true" or element["aria-labelledby"] in ids for element in page.all("svg"))
    assert len(page.all("caption")) == len(page.all("table"))
    assert all("scope" in element for element in page.all("th"))
    assert page.all("html")[0]["lang"] == "en"
    assert {element["href"][1:] for element in page.all("a") if element["href"].startswith("#")} <= ids


def test_untrusted_text_stays_text(harvested: Commands) -> None:
    """Alt texts, authors and addresses that mean harm are shown, never run; only addresses of the web are linked."""
    with sqlite3.connect(harvested.data / "catalogue.db") as connection:
        connection.execute("UPDATE images SET alt = ?, author = ?, page = 'javascript:alert(3)'", (HOSTILE, HOSTILE))
        connection.execute("UPDATE runs SET outcome = ?", (HOSTILE[:60],))
        connection.execute("UPDATE images SET reason = '<b>' WHERE status = 'failed'")
    page = _ReportPage(_write_report(harvested))
    assert not page.all("script")
    assert not [attributes for _, attributes in page.elements if any(name.startswith("on") for name in attributes)]
    assert "\u202e" not in page.source
    assert "\x07" not in page.source
    assert "{{ 7 * 7 }}" in page.text
    assert not [element for element in page.all("a") if not element["href"].startswith(("#", "http"))]
    assert "<script>alert(1)</script>" in page.text


def test_the_page_is_rendered_by_a_browser(harvested: Commands) -> None:
    """Chromium, offline, light and dark: pictures and charts are there; kept in test-artefacts/ to be looked at."""
    harvested.scrapy("dedupe")
    page = _write_report(harvested)
    light = _screenshot(page, "report-light.png", "--window-size=1280,3200")
    dark = _screenshot(page, "report-dark.png", "--window-size=1280,3200", "--blink-settings=preferredColorScheme=0")
    assert light.size == dark.size == (1280, 3200)
    assert light.getpixel((5, 5)) == (0xF5, 0xF5, 0xF2)
    assert dark.getpixel((5, 5)) == (0x14, 0x17, 0x1A)
    colours = {colour for _, colour in light.getcolors(2**24) or []}
    assert {(0x2F, 0x7D, 0x4F), (0xB3, 0x36, 0x2B), (0x25, 0x63, 0xA8)} <= colours
    assert len(colours) > 5000, "the samples are photographs"


def test_a_report_replaces_a_report_only(harvested: Commands) -> None:
    """An earlier one is made anew; a file of another kind, a folder and the collection's own files are refused."""
    path = _write_report(harvested)
    before = digest(path.read_bytes())
    harvested.scrapy("forget", "--site", "civitai")
    assert digest(_write_report(harvested).read_bytes()) != before
    foreign = harvested.data.parent / "mine.html"
    foreign.write_text("<p>mine</p>")
    assert _write_report(harvested, 2, "mine.html").read_text() == "<p>mine</p>"
    _write_report(harvested, 2, "")
    assert not _write_report(harvested, 2, "data/blobs/report.html").exists()
    assert harvested.scrapy("report").returncode == 2


def test_a_lost_blob_is_a_gap_in_the_page(harvested: Commands) -> None:
    """The picture is said to be missing; the page is whole."""
    for blob in (harvested.data / "blobs").rglob("*.jpg"):
        blob.unlink()
    assert "cannot be shown" in _ReportPage(_write_report(harvested)).text


@pytest.mark.parametrize("has_images", [False, True])
def test_an_empty_collection_has_a_report(harvested: Commands, has_images: bool) -> None:
    """Nothing done, or nothing at all: each part says so."""
    with sqlite3.connect(harvested.data / "catalogue.db") as connection:
        tables = ("listings", "placements", "album_images", "generation", "source_tags", "blobs", "runs")
        for name in (*tables, *(() if has_images else ("images",))):
            connection.execute(f"DELETE FROM {name}")
        connection.execute("UPDATE images SET status = 'pending', reason = '', sha256 = NULL")
    text = _ReportPage(_write_report(harvested)).text
    assert ("No images yet" in text) is not has_images
    assert "No samples yet." in text


def test_there_is_nothing_to_report_before_the_first_harvest(commands: Commands) -> None:
    """One sentence, exit code 2."""
    assert not _write_report(commands, 2).exists()


def test_a_picture_with_long_texts_in_it_is_shown(harvested: Commands) -> None:
    """2 MiB of compressed text in a PNG, which a crawl takes, do not leave a hole in the page."""
    before = _count_page_pictures(harvested)
    add_long_text(harvested)
    assert _count_page_pictures(harvested) == before


def _count_page_pictures(commands: Commands) -> int:
    return _write_report(commands).read_text(encoding="utf-8").count("data:image/jpeg")
