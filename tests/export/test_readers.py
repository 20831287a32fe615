"""The tools that exports are made for read them: `datasets`, `webdataset`, pyarrow by way of both, DuckDB.

They are heavy, so they live in an environment of their own: `make readers`.
"""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT, Commands
from tests.dataset import rows
from tests.export.exports import export, pictures

PYTHON = ROOT / ".venv-readers/bin/python"
READERS = ROOT / "tests/export/readers"


def _read(script: str, *words: object, cache: Path) -> list[dict[str, Any]]:
    """The lines that a reader prints, offline."""
    assert PYTHON.exists(), "The readers are missing: make readers"
    offline = {
        "HF_HUB_OFFLINE": "1",
        "HF_DATASETS_OFFLINE": "1",
        "HF_HOME": str(cache),
        "HF_DATASETS_CACHE": str(cache),
    }
    command = [str(PYTHON), str(READERS / script), *map(str, words)]
    done = subprocess.run(command, env=os.environ | offline, text=True, capture_output=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


def _held(commands: Commands) -> dict[str, tuple[Any, ...]]:
    """What the catalogue holds: sha256 -> width, height, bytes, format, phash."""
    found = rows(commands.data, "SELECT sha256, width, height, bytes, format, phash FROM blobs")
    return {sha: tuple(rest) for sha, *rest in found}


_PROMPTS = "SELECT sha256, prompt FROM images JOIN generated ON image_id = id WHERE prompt IS NOT NULL"


def _told(found: list[dict[str, Any]]) -> dict[str, tuple[Any, ...]]:
    names = ("width", "height", "bytes", "format", "phash")
    return {row["sha256"]: tuple(row[name] for name in names) for row in found}


@pytest.mark.parametrize("format", ["imagefolder", "parquet"])
def test_hugging_faces_datasets_reads_what_the_catalogue_holds(kept: Commands, tmp_path: Path, format: str) -> None:
    """load_dataset finds every picture, its very bytes and its row; every one can be decoded."""
    made = export(kept, format)
    found = _read("huggingface.py", format, made.folder, tmp_path / "cache", cache=tmp_path / "cache")
    assert _told(found) == _held(kept)
    assert all(row["read_sha256"] == row["sha256"] for row in found)
    prompts = dict(rows(kept.data, _PROMPTS))
    assert {row["sha256"]: row["prompt"] for row in found if row["prompt"]} == prompts
    captions = {row["sha256"]: row["text" if format == "imagefolder" else "caption"] for row in found}
    assert {sha: " ".join(prompt.split()) for sha, prompt in prompts.items()}.items() <= captions.items()


def test_webdataset_reads_what_the_catalogue_holds(kept: Commands, tmp_path: Path) -> None:
    """Each sample is one picture with its caption and its row."""
    made = export(kept, "webdataset")
    found = _read("shards.py", made.folder, cache=tmp_path)
    assert _told(found) == _held(kept)
    assert all(row["read_sha256"] == row["sha256"] == row["__key__"] for row in found)
    prompts = dict(rows(kept.data, _PROMPTS))
    told = {row["sha256"]: row["txt"] for row in found if row["prompt"]}
    assert told == {sha: " ".join(prompt.split()) for sha, prompt in prompts.items()}


def test_duckdb_reads_parquet_csv_and_json(kept: Commands, tmp_path: Path) -> None:
    """The same numbers from all three, and from the catalogue."""
    for format, files in (("parquet", "train/*.parquet"), ("csv", "images.csv"), ("jsonl", "images.jsonl")):
        made = export(kept, format, to=format)
        query = f"SELECT sha256, width, height, bytes, format, phash FROM '{made.folder}/{files}' WHERE sha256 <> ''"
        found = _read("duck.py", query, cache=tmp_path)
        assert _told(found) == _held(kept), format
    (tags,) = _read(
        "duck.py", f"SELECT typeof(tags) AS kind FROM '{tmp_path}/parquet/train/*.parquet' LIMIT 1", cache=tmp_path
    )
    assert tags == {"kind": "VARCHAR[]"}


def test_pictures_made_smaller_are_read_as_they_are(kept: Commands, tmp_path: Path) -> None:
    """Parquet of RGB pictures of at most 32 pixels: as many as the catalogue has."""
    made = export(kept, "parquet", "--image", "rgb", "--resize", "32")
    found = _read("huggingface.py", "parquet", made.folder, tmp_path / "cache", cache=tmp_path / "cache")
    assert {row["sha256"] for row in found} == pictures(kept)
    assert all(row["read_sha256"] != row["sha256"] for row in found if max(row["width"], row["height"]) > 32)
