"""Exports and the report from a catalogue in PostgreSQL."""

from pathlib import Path

from tests import dataset_files as dataset
from tests.export.conftest import PATHS
from tests.export.exports import export
from tests.farsite.process import Farsite
from tests.forked_commands import ForkedCommands
from tests.postgres import Postgres


def test_another_database_is_exported_and_reported(farsite: Farsite, postgres: Postgres, tmp_path: Path) -> None:
    """The same numbers as from SQLite: two pictures at three addresses."""
    commands = ForkedCommands(tmp_path / "data", {"HARVESTER_CATALOGUE": postgres.new_database()})
    files = dataset.write(tmp_path, dataset.one_user([farsite.url(path) for path in PATHS[:3]]))
    commands.crawl(files, "-s", "DOWNLOAD_TIMEOUT=30")
    for format in ("files", "webdataset", "parquet"):
        exported = export(commands, format, "--dedupe", "best", to=format)
        assert (exported.number("selected"), exported.number("exported")) == (3, 2)
    assert export(commands, "csv", to="csv").number("exported") == 3
    report = commands.scrapy("report", "--to", str(tmp_path / "report.html"))
    assert report.returncode == 0, report.stderr
    assert "3 expected" in (tmp_path / "report.html").read_text()
