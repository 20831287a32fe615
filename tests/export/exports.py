"""Runs exports and reads what came of them."""

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

from tests.conftest import Commands
from tests.dataset import rows

OWN = (".harvester-export.db", ".harvester-export.db.lock")


@dataclass
class Exported:
    """One export: its folder and what was said."""

    folder: Path
    done: CompletedProcess[str]

    @property
    def files(self) -> dict[str, bytes]:
        """What lies there by path, without what the export keeps for itself."""
        found = (path for path in self.folder.rglob("*") if path.is_file() and path.name not in OWN)
        return {str(path.relative_to(self.folder)): path.read_bytes() for path in found}

    @property
    def manifest(self) -> list[dict[str, Any]]:
        """Its lines."""
        return lines(self.folder / "manifest.jsonl")

    def number(self, word: str) -> int:
        """A number that was printed: selected, exported, skipped, failed, written, unchanged, removed."""
        found = re.search(rf"([\d,]+) (images )?{word}", self.done.stdout)
        return int(found[1].replace(",", "")) if found else 0


def export(commands: Commands, *words: str, to: str = "out", code: int = 0) -> Exported:
    """`scrapy export …` into a folder beside the data; its numbers must add up."""
    folder = commands.data.parent / to
    done = commands.scrapy("export", *words, "--to", str(folder))
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    made = Exported(folder, done)
    if code < 2:
        ends = made.number("exported") + made.number("to export") + made.number("skipped") + made.number("failed")
        assert made.number("selected") == ends, done.stdout
    return made


def lines(path: Path) -> list[dict[str, Any]]:
    """A JSON lines file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def sha256(data: bytes) -> str:
    """Of bytes."""
    return hashlib.sha256(data).hexdigest()


def pictures(commands: Commands) -> set[str]:
    """The sha256 of every picture of the catalogue."""
    return {row[0] for row in rows(commands.data, "SELECT DISTINCT sha256 FROM images WHERE status = 'done'")}
