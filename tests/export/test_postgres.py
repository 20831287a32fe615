"""Exports and the report from a catalogue in PostgreSQL."""

from pathlib import Path

from tests import dataset
from tests.export.conftest import PATHS
from tests.export.exports import export
from tests.farsite.process import Farsite
from tests.forked import Forked
from tests.postgres import Postgres


def test_another_database_is_exported_and_reported(farsite: Farsite, postgres: Postgres, tmp_path: Path) -> None:
    """The same numbers as from SQLite: two pictures at three addresses."""
    commands = Forked(tmp_path / "data", {"HARVESTER_CATALOGUE": postgres.new_database()})
    files = dataset.write(tmp_path, dataset.one_user([farsite.url(path) for path in PATHS[:3]]))
    commands.crawl(files, "-s", "DOWNLOAD_TIMEOUT=30")
    for format in ("files", "webdataset", "parquet"):
        made = export(commands, format, "--dedupe", "best", to=format)
        assert (made.number("selected"), made.number("exported")) == (3, 2)
    assert export(commands, "csv", to="csv").number("exported") == 3
    told = commands.scrapy("report", "--to", str(tmp_path / "report.html"))
    assert told.returncode == 0, told.stderr
    assert "3 promised" in (tmp_path / "report.html").read_text()
