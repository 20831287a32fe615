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

from harvester.cli import table_console
from harvester.feeds import CsvExporter, JsonExporter, JsonLinesExporter, XmlExporter
from harvester.items import ImageItem
from harvester.logs import GuardedRecord
from harvester.parsing.json_values import dump_json, parse_json
from harvester.text import csv_escape, csv_unescape, csv_writer, escape_control_chars, indent_lines, json_text
from tests import dataset_files as dataset
from tests.conftest import Commands
from tests.farsite.process import Farsite

ANY = st.text(st.characters(exclude_categories=()))  # halves of characters too
FORGED = (
    "\x1b]0;pwned\x07\x1b[2J\x9b31m\u202e\r\n2026-01-01 00:00:00 [harvester] INFO: all is well [red]:smile:[/nothing]"
)
HARMFUL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


@given(ANY)
@example(FORGED)
def test_printable_text_is_one_harmless_line(text: str) -> None:
    """No control character, no mark of direction, nothing that cannot be encoded."""
    line = escape_control_chars(text)
    assert len(line.splitlines()) <= 1
    assert not HARMFUL.search(line)
    assert not [char for char in line if unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp")]
    line.encode()


@given(ANY, ANY)
@example("%s", FORGED)
def test_no_message_begins_a_second_record(message: str, argument: str) -> None:
    """Whatever the message and its arguments are, further lines are indented; in tracebacks too."""
    template = message.replace("%", "%%") + " %s"
    record = GuardedRecord("x", logging.INFO, "f", 1, template, (argument,), None)
    error = GuardedRecord("x", logging.ERROR, "f", 1, "x", (), (ValueError, ValueError(argument), None))
    formatter = logging.Formatter("%(asctime)s %(message)s")
    for line in (*formatter.format(record).splitlines()[1:], *formatter.format(error).splitlines()[1:]):
        assert line.startswith("    ")
        assert not HARMFUL.search(line)


@given(st.lists(ANY))
def test_indented_lines_are_as_many_as_were_written(lines: list[str]) -> None:
    """One line of the log for each line end in the text; nothing else ends a line."""
    text = "\n".join(lines)
    assert len(indent_lines(text).split("\n")) == text.count("\n") + 1


@given(ANY)
@example("=1+1")
@example(" \t\"'=cmd|'/c calc'!A1")
@example("\ufeff@SUM(1)")
@example("'quoted")
@example("-5")
@example("+4.25")
def test_a_cell_is_no_formula_and_round_trips(text: str) -> None:
    """Behind blanks, quotes and invisible characters neither; numbers stay as they are."""
    escaped = csv_escape(text)
    if not re.fullmatch(r"[+-]?[0-9]+(\.[0-9]+)?", text):
        assert escaped.strip(' \t\r\n"`\ufeff\u200b')[:1] not in (
            "=",
            "+",
            "-",
            "@",
            "\uff1d",
            "\uff0b",
            "\uff0d",
            "\uff20",
        )
        assert escaped[:1] not in ("\t", "\r", "\n")
    else:
        assert escaped == text
    assert csv_unescape(escaped) == re.sub("[\0\ud800-\udfff]", "\ufffd", text)


@pytest.mark.parametrize("number", [-1, 0, -2.5, True, None])
def test_non_text_cells_are_unchanged(number: object) -> None:
    """Negative numbers are numbers."""
    assert csv_escape(number) is number


@given(st.lists(ANY, min_size=2))
@example(["a\rb", "c"])
def test_a_line_of_csv_has_one_row_and_round_trips(cells: list[str]) -> None:
    """Whatever kinds of line breaks the texts contain, and with either line end."""
    for line_end in ("\n", "\r\n"):
        line = csv_writer(str, line_end)(cells)
        assert line.endswith(line_end)
        (row,) = csv.reader(io.StringIO(line, newline=""))
        assert [csv_unescape(cell) for cell in row] == [re.sub("[\0\ud800-\udfff]", "\ufffd", cell) for cell in cells]


def _hostile_item(text: str) -> ImageItem:
    names = [text, "-1"]
    return ImageItem("civitai", text, text, names=names, alt=text, metadata={text: [text, {"a": text}]}, width=-3)


@given(ANY)
@example(FORGED)
@example("\ud800")
def test_feeds_are_accepted_by_strict_readers(text: str) -> None:
    """JSON without halves of characters, CSV with one row for one item and no formula."""

    def export_item(exporter: type[BaseItemExporter]) -> str:
        file = io.BytesIO()
        feed = exporter(file, encoding="utf-8")
        feed.start_exporting()
        feed.export_item(_hostile_item(text))
        feed.finish_exporting()
        return file.getvalue().decode("utf-8")

    lines = export_item(JsonLinesExporter)
    assert lines.count("\n") == 1
    for item in (json.loads(lines), *json.loads(export_item(JsonExporter))):
        item["metadata"] = json.loads(item["metadata"])
        assert not re.search("[\ud800-\udfff]", json.dumps(item, ensure_ascii=False))
    (row,) = csv.DictReader(io.StringIO(export_item(CsvExporter), newline=""))
    assert csv_unescape(row["alt"]) == re.sub("[\0\ud800-\udfff]", "\ufffd", text)
    assert row["width"] == "-3"
    assert not [value for value in row.values() if csv_escape(csv_unescape(value)) != value]


@given(ANY)
def test_xml_feeds_are_well_formed(text: str) -> None:
    """Characters that XML does not know are replaced."""
    from xml.etree import ElementTree

    file = io.BytesIO()
    feed = XmlExporter(file, encoding="utf-8")
    feed.start_exporting()
    feed.export_item(_hostile_item(text))
    feed.finish_exporting()
    ElementTree.fromstring(file.getvalue())


@given(st.recursive(ANY | st.integers() | st.none(), lambda inner: st.lists(inner) | st.dictionaries(ANY, inner)))
def test_metadata_json_is_accepted_by_strict_readers(value: object) -> None:
    """UTF-8 without halves of characters; what had none is read back as it was."""
    for text in (dump_json(value).decode("utf-8"), json_text(value)):
        normalised = json.dumps(json.loads(text), ensure_ascii=False)
        assert not re.search("[\ud800-\udfff]", normalised)
        if not re.search("[\ud800-\udfff]", json.dumps(value, ensure_ascii=False)):
            assert json.loads(text) == value
    assert parse_json(dump_json(value)) is not None or value is None


def test_tables_render_no_markup() -> None:
    """Square brackets and colons in a text are square brackets and colons."""
    file = io.StringIO()
    table_console(file, 80).print("[red]x[/nothing] :smile: [link=http://x]y[/link]")
    assert file.getvalue().strip() == "[red]x[/nothing] :smile: [link=http://x]y[/link]"


def _run_on_terminal(commands: Commands, *arguments: str) -> str:
    """What a command writes to a terminal, output and errors."""
    leader, follower = pty.openpty()
    options = commands.options() | {"stdout": follower, "stderr": follower, "text": False}
    with subprocess.Popen(commands.command(*arguments), stdin=subprocess.DEVNULL, **options) as child:
        os.close(follower)
        output = b""
        while select.select([leader], [], [], 120)[0]:
            try:
                chunk = os.read(leader, 65536)
            except OSError:
                break
            if not chunk:
                break
            output += chunk
        child.wait(120)
    os.close(leader)
    return output.decode("utf-8")


def test_nothing_from_the_network_reaches_a_terminal_raw(farsite: Farsite, commands: Commands, tmp_path: Path) -> None:
    """Addresses, accounts and errors of servers, in the log at DEBUG, the live line, status, why, forget and verify."""
    urls = [f"http://127.0.0.1:9/{FORGED}", f"nowhere {FORGED}", farsite.url("/kind/jpeg-rgb.jpg")]
    posts = {f"eve{FORGED}@x": [(0, urls)], f"unlisted{FORGED}": [(0, urls)]}
    files = dataset.write(tmp_path, posts, accounts=[f"eve{FORGED}@x"])
    commands.environment |= {"CIVITAI_BASE_URL": farsite.url(""), "TERM": "xterm"}
    (commands.data / "images/mastodon").mkdir(parents=True)
    outputs = [
        _run_on_terminal(commands, "crawl", "mastodon", *files.arguments, "-L", "DEBUG"),
        _run_on_terminal(commands, "crawl", "civitai", "-a", "username=forger", "-L", "DEBUG"),
    ]
    (commands.data / f"images/mastodon/{FORGED.replace('/', '')}.jpg").write_bytes(b"x")
    commands_run = (["status"], ["verify"], ["why", urls[0]], ["why", f"x{FORGED}"], ["forget", f"x{FORGED}"])
    outputs += [_run_on_terminal(commands, *words) for words in commands_run]
    for text in outputs:
        assert text.strip()
        for part in ("\x1b]0;pwned", "\x07", "\x1b[2J", "\x9b", "\u202e", "\n2026-01-01 00:00:00"):
            assert part not in text, text
        assert "Traceback" not in text, text
    assert "pwned" in outputs[1]
    log = (commands.data / "image_download.log").read_text(encoding="utf-8")
    assert not HARMFUL.search(log.replace("\t", ""))
    assert "\n2026-01-01 00:00:00 " not in log
