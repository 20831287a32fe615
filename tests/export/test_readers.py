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
from tests.dataset_files import rows
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


def _catalogue_facts(commands: Commands) -> dict[str, tuple[Any, ...]]:
    """What the catalogue holds: sha256 -> width, height, bytes, format, phash."""
    blob_rows = rows(commands.data, "SELECT sha256, width, height, bytes, format, phash FROM blobs")
    return {sha: tuple(rest) for sha, *rest in blob_rows}


_PROMPTS = "SELECT sha256, prompt FROM images JOIN generation ON image_id = id WHERE prompt IS NOT NULL"


def _read_facts(samples: list[dict[str, Any]]) -> dict[str, tuple[Any, ...]]:
    names = ("width", "height", "bytes", "format", "phash")
    return {row["sha256"]: tuple(row[name] for name in names) for row in samples}


@pytest.mark.parametrize("format", ["imagefolder", "parquet"])
def test_hugging_face_datasets_reads_the_export(harvested: Commands, tmp_path: Path, format: str) -> None:
    """load_dataset finds every picture, its very bytes and its row; every one can be decoded."""
    exported = export(harvested, format)
    samples = _read("huggingface.py", format, exported.folder, tmp_path / "cache", cache=tmp_path / "cache")
    assert _read_facts(samples) == _catalogue_facts(harvested)
    assert all(row["read_sha256"] == row["sha256"] for row in samples)
    prompts = dict(rows(harvested.data, _PROMPTS))
    assert {row["sha256"]: row["prompt"] for row in samples if row["prompt"]} == prompts
    captions = {row["sha256"]: row["text" if format == "imagefolder" else "caption"] for row in samples}
    assert {sha: " ".join(prompt.split()) for sha, prompt in prompts.items()}.items() <= captions.items()


def test_webdataset_reads_the_export(harvested: Commands, tmp_path: Path) -> None:
    """Each sample is one picture with its caption and its row."""
    exported = export(harvested, "webdataset")
    samples = _read("shards.py", exported.folder, cache=tmp_path)
    assert _read_facts(samples) == _catalogue_facts(harvested)
    assert all(row["read_sha256"] == row["sha256"] == row["__key__"] for row in samples)
    prompts = dict(rows(harvested.data, _PROMPTS))
    captions = {row["sha256"]: row["txt"] for row in samples if row["prompt"]}
    assert captions == {sha: " ".join(prompt.split()) for sha, prompt in prompts.items()}


def test_duckdb_reads_parquet_csv_and_json(harvested: Commands, tmp_path: Path) -> None:
    """The same numbers from all three, and from the catalogue."""
    for format, files in (("parquet", "train/*.parquet"), ("csv", "images.csv"), ("jsonl", "images.jsonl")):
        exported = export(harvested, format, to=format)
        query = (
            f"SELECT sha256, width, height, bytes, format, phash FROM '{exported.folder}/{files}' WHERE sha256 <> ''"
        )
        samples = _read("duck.py", query, cache=tmp_path)
        assert _read_facts(samples) == _catalogue_facts(harvested), format
    (tags,) = _read(
        "duck.py", f"SELECT typeof(tags) AS kind FROM '{tmp_path}/parquet/train/*.parquet' LIMIT 1", cache=tmp_path
    )
    assert tags == {"kind": "VARCHAR[]"}


def test_resized_pictures_are_read_as_they_are(harvested: Commands, tmp_path: Path) -> None:
    """Parquet of RGB pictures of at most 32 pixels: as many as the catalogue has."""
    exported = export(harvested, "parquet", "--image", "rgb", "--resize", "32")
    samples = _read("huggingface.py", "parquet", exported.folder, tmp_path / "cache", cache=tmp_path / "cache")
    assert {row["sha256"] for row in samples} == pictures(harvested)
    assert all(row["read_sha256"] != row["sha256"] for row in samples if max(row["width"], row["height"]) > 32)
