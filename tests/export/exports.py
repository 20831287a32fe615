"""Runs exports and reads what came of them."""

import hashlib
import json
import re
import sqlite3
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from tests.conftest import Commands
from tests.dataset_files import rows

OWN_FILES = (".harvester-export.db", ".harvester-export.db.lock")


@dataclass
class ExportRun:
    """One export: its folder and what was said."""

    folder: Path
    done: CompletedProcess[str]

    @property
    def files(self) -> dict[str, bytes]:
        """What lies there by path, without what the export keeps for itself."""
        paths = (path for path in self.folder.rglob("*") if path.is_file() and path.name not in OWN_FILES)
        return {str(path.relative_to(self.folder)): path.read_bytes() for path in paths}

    @property
    def manifest(self) -> list[dict[str, Any]]:
        """Its lines."""
        return read_lines(self.folder / "manifest.jsonl")

    def number(self, word: str) -> int:
        """A number that was printed: selected, exported, skipped, failed, written, unchanged, removed."""
        match = re.search(rf"([\d,]+) (images? )?{word}", self.done.stdout)
        return int(match[1].replace(",", "")) if match else 0


def export(commands: Commands, *words: str, to: str = "out", code: int = 0) -> ExportRun:
    """`scrapy export …` into a folder beside the data; its numbers must add up."""
    folder = commands.data.parent / to
    done = commands.scrapy("export", *words, "--to", str(folder))
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    exported = ExportRun(folder, done)
    if code < 2:
        ends = (
            exported.number("exported")
            + exported.number("to export")
            + exported.number("skipped")
            + exported.number("failed")
        )
        assert exported.number("selected") == ends, done.stdout
    return exported


def read_lines(path: Path) -> list[dict[str, Any]]:
    """A JSON lines file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def sha256(data: bytes) -> str:
    """Of bytes."""
    return hashlib.sha256(data).hexdigest()


def pictures(commands: Commands) -> set[str]:
    """The sha256 of every picture of the catalogue."""
    return {row[0] for row in rows(commands.data, "SELECT DISTINCT sha256 FROM images WHERE status = 'done'")}


def add_long_text(commands: Commands) -> str:
    """Gives a PNG of the collection 2 MiB of compressed text; returns its sha256."""
    (old,) = rows(commands.data, "SELECT sha256 FROM blobs WHERE format = 'PNG'")[0]
    text = PngInfo()
    text.add_text("Comment", "so " * 2**20, zip=True)
    file = BytesIO()
    Image.new("RGB", (60, 40), "teal").save(file, "PNG", pnginfo=text)
    new = sha256(file.getvalue())
    path = commands.data / "blobs" / new[:2] / f"{new}.png"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(file.getvalue())
    with sqlite3.connect(commands.data / "catalogue.db") as connection:
        connection.execute("UPDATE blobs SET sha256 = ?, bytes = ? WHERE sha256 = ?", (new, path.stat().st_size, old))
        connection.execute("UPDATE images SET sha256 = ? WHERE sha256 = ?", (new, old))
    return new
