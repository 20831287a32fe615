"""What strangers write, in logs, on terminals and in exports: it forges no line, moves no cursor, is no formula."""

import csv
import io
import json
import logging
import os
import pty
import re
import select
import subprocess
import unicodedata
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scrapy.exporters import BaseItemExporter

from harvester.console import plain
from harvester.feeds import Csv, Json, JsonLines, Xml
from harvester.items import ImageItem
from harvester.logs import GuardedRecord
from harvester.sites.strictjson import parsed, written
from harvester.text import cell, indented, json_text, printable, uncell
from tests import dataset
from tests.conftest import Commands
from tests.farsite.process import Farsite

ANY = st.text(st.characters(exclude_categories=()))  # halves of characters too
FORGED = (
    "\x1b]0;pwned\x07\x1b[2J\x9b31m\u202e\r\n2026-01-01 00:00:00 [harvester] INFO: all is well [red]:smile:[/nothing]"
)
HARMFUL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


@given(ANY)
@example(FORGED)
def test_a_printable_text_is_one_line_that_means_itself(text: str) -> None:
    """No control character, no mark of direction, nothing that cannot be encoded."""
    made = printable(text)
    assert len(made.splitlines()) <= 1
    assert not HARMFUL.search(made)
    assert not [char for char in made if unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp")]
    made.encode()


@given(ANY, ANY)
@example("%s", FORGED)
def test_no_message_begins_a_second_record(message: str, argument: str) -> None:
    """Whatever the message and its arguments are, further lines are indented; in tracebacks too."""
    template = message.replace("%", "%%") + " %s"
    record = GuardedRecord("x", logging.INFO, "f", 1, template, (argument,), None)
    error = GuardedRecord("x", logging.ERROR, "f", 1, "x", (), (ValueError, ValueError(argument), None))
    shown = logging.Formatter("%(asctime)s %(message)s")
    for line in (*shown.format(record).splitlines()[1:], *shown.format(error).splitlines()[1:]):
        assert line.startswith("    ")
        assert not HARMFUL.search(line)


@given(st.lists(ANY))
def test_indented_lines_are_as_many_as_were_written(lines: list[str]) -> None:
    """One line of the log for each line end in the text; nothing else ends a line."""
    text = "\n".join(lines)
    assert len(indented(text).split("\n")) == text.count("\n") + 1


@given(ANY)
@example("=1+1")
@example(" \t\"'=cmd|'/c calc'!A1")
@example("\ufeff@SUM(1)")
@example("'quoted")
@example("-5")
@example("+4.25")
def test_a_cell_is_no_formula_and_is_read_back(text: str) -> None:
    """Behind blanks, quotes and invisible characters neither; numbers stay as they are."""
    made = cell(text)
    if not re.fullmatch(r"[+-]?[0-9]+(\.[0-9]+)?", text):
        assert made.strip(' \t\r\n"`\ufeff\u200b')[:1] not in (
            "=",
            "+",
            "-",
            "@",
            "\uff1d",
            "\uff0b",
            "\uff0d",
            "\uff20",
        )
        assert made[:1] not in ("\t", "\r", "\n")
    else:
        assert made == text
    assert uncell(made) == re.sub("[\0\ud800-\udfff]", "\ufffd", text)


@pytest.mark.parametrize("number", [-1, 0, -2.5, True, None])
def test_what_is_no_text_stays_what_it_is(number: object) -> None:
    """Negative numbers are numbers."""
    assert cell(number) is number


def _hostile(text: str) -> ImageItem:
    names = [text, "-1"]
    return ImageItem("civitai", text, text, names=names, alt=text, metadata={text: [text, {"a": text}]}, width=-3)


@given(ANY)
@example(FORGED)
@example("\ud800")
def test_feeds_are_taken_by_strict_readers(text: str) -> None:
    """JSON without halves of characters, CSV with one row for one item and no formula."""

    def exported(exporter: type[BaseItemExporter]) -> str:
        file = io.BytesIO()
        feed = exporter(file, encoding="utf-8")
        feed.start_exporting()
        feed.export_item(_hostile(text))
        feed.finish_exporting()
        return file.getvalue().decode("utf-8")

    lines = exported(JsonLines)
    assert lines.count("\n") == 1
    for found in (json.loads(lines), *json.loads(exported(Json))):
        found["metadata"] = json.loads(found["metadata"])
        assert not re.search("[\ud800-\udfff]", json.dumps(found, ensure_ascii=False))
    (row,) = csv.DictReader(io.StringIO(exported(Csv), newline=""))
    assert uncell(row["alt"]) == re.sub("[\0\ud800-\udfff]", "\ufffd", text)
    assert row["width"] == "-3"
    assert not [value for value in row.values() if cell(uncell(value)) != value]


@given(ANY)
def test_xml_feeds_are_well_formed(text: str) -> None:
    """Characters that XML does not know are replaced."""
    from xml.etree import ElementTree

    file = io.BytesIO()
    feed = Xml(file, encoding="utf-8")
    feed.start_exporting()
    feed.export_item(_hostile(text))
    feed.finish_exporting()
    ElementTree.fromstring(file.getvalue())


@given(st.recursive(ANY | st.integers() | st.none(), lambda inner: st.lists(inner) | st.dictionaries(ANY, inner)))
def test_json_beside_pictures_is_taken_by_strict_readers(value: object) -> None:
    """UTF-8 without halves of characters; what had none is read back as it was."""
    for text in (written(value).decode("utf-8"), json_text(value)):
        found = json.dumps(json.loads(text), ensure_ascii=False)
        assert not re.search("[\ud800-\udfff]", found)
        if not re.search("[\ud800-\udfff]", json.dumps(value, ensure_ascii=False)):
            assert json.loads(text) == value
    assert parsed(written(value)) is not None or value is None


def test_tables_know_no_markup() -> None:
    """Square brackets and colons in a text are square brackets and colons."""
    file = io.StringIO()
    plain(file, 80).print("[red]x[/nothing] :smile: [link=http://x]y[/link]")
    assert file.getvalue().strip() == "[red]x[/nothing] :smile: [link=http://x]y[/link]"


def _on_a_terminal(commands: Commands, *arguments: str) -> str:
    """What a command writes to a terminal, output and errors."""
    ours, theirs = pty.openpty()
    options = commands.options() | {"stdout": theirs, "stderr": theirs, "text": False}
    with subprocess.Popen(commands.command(*arguments), stdin=subprocess.DEVNULL, **options) as child:
        os.close(theirs)
        said = b""
        while select.select([ours], [], [], 120)[0]:
            try:
                piece = os.read(ours, 65536)
            except OSError:
                break
            if not piece:
                break
            said += piece
        child.wait(120)
    os.close(ours)
    return said.decode("utf-8")


def test_nothing_from_the_network_reaches_a_terminal_raw(farsite: Farsite, commands: Commands, tmp_path: Path) -> None:
    """Addresses, accounts and errors of servers, in the log at DEBUG, the live line, status, why, forget and verify."""
    urls = [f"http://127.0.0.1:9/{FORGED}", f"nowhere {FORGED}", farsite.url("/kind/jpeg-rgb.jpg")]
    posts = {f"eve{FORGED}@x": [(0, urls)], f"unlisted{FORGED}": [(0, urls)]}
    files = dataset.write(tmp_path, posts, accounts=[f"eve{FORGED}@x"])
    commands.environment |= {"CIVITAI_BASE_URL": farsite.url(""), "TERM": "xterm"}
    (commands.data / "images/mastodon").mkdir(parents=True)
    said = [
        _on_a_terminal(commands, "crawl", "mastodon", *files.arguments, "-L", "DEBUG"),
        _on_a_terminal(commands, "crawl", "civitai", "-a", "username=forger", "-L", "DEBUG"),
    ]
    (commands.data / f"images/mastodon/{FORGED.replace('/', '')}.jpg").write_bytes(b"x")
    asked = (["status"], ["verify"], ["why", urls[0]], ["why", f"x{FORGED}"], ["forget", f"x{FORGED}"])
    said += [_on_a_terminal(commands, *words) for words in asked]
    for text in said:
        assert text.strip()
        for part in ("\x1b]0;pwned", "\x07", "\x1b[2J", "\x9b", "\u202e", "\n2026-01-01 00:00:00"):
            assert part not in text, text
        assert "Traceback" not in text, text
    assert "pwned" in said[1]
    log = (commands.data / "image_download.log").read_text(encoding="utf-8")
    assert not HARMFUL.search(log.replace("\t", ""))
    assert "\n2026-01-01 00:00:00 " not in log
