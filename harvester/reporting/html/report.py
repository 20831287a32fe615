"""The HTML report: one page that needs no network, no script and no other file."""

from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, StrictUndefined, Template
from sqlalchemy import Engine

from harvester.catalogue import listings, queries
from harvester.catalogue.db_errors import translate_db_errors
from harvester.errors import UsageProblem
from harvester.imaging.types import ConversionOptions
from harvester.reasons import REASONS
from harvester.reporting.html import charts, report_queries
from harvester.reporting.html.samples import SampleReader
from harvester.reporting.totals import summarize_sites
from harvester.storage.blobs import BlobStore, publish
from harvester.storage.paths import DataPaths
from harvester.text import escape_control_chars, format_bytes
from harvester.version import VERSION

REPORT_MARKER = b'<meta name="generator" content="harvester '
"""The start of a tag in every report; a file without it is never replaced by a report."""


def check_report_path(text: str, places: DataPaths) -> Path:
    """The file that --to names. Raises UsageProblem if it exists and is no report, or is among the pictures."""
    path = Path(text).expanduser().absolute()
    if not text or path.is_dir():
        raise UsageProblem(f"--to {text}: expected the name of a file, such as report.html.")
    if path.parent != places.root and path.resolve().is_relative_to(places.root):
        raise UsageProblem(f"--to {text}: is in a folder of the collection; choose another folder.")
    try:
        head = path.read_bytes()[:4000] if path.exists() else REPORT_MARKER
    except OSError as error:
        raise UsageProblem(f"--to {text}: {error.strerror}.") from error
    if REPORT_MARKER not in head:
        raise UsageProblem(f"--to {text}: the file exists and is not a report; choose another name.")
    return path


def write_report(engine: Engine, places: DataPaths, options: ConversionOptions, path: Path) -> None:
    """Write the report of a collection, whole or not at all. Raises CatalogueError and StoreError."""
    with translate_db_errors(engine), engine.connect() as connection:
        summaries = summarize_sites(queries.count_by_status(connection), listings.listings_by_site(connection))
        samples = SampleReader(connection, BlobStore(places.blobs), options)
        days, span = report_queries.count_per_day(connection)
        axis_top = charts.round_axis_top(max((bar.number for bar in days), default=1))
        groups, states = samples.read_groups()
        text = _load_template().render(
            version=VERSION, root=str(places.root), made=datetime.now(UTC), reasons=REASONS,
            summaries=summaries, parts={summary.site: charts.stack_segments(summary) for summary in summaries},
            totals=report_queries.count_totals(connection), days=charts.layout_columns(days, axis_top), span=span,
            top=axis_top, width=charts.CHART_WIDTH, height=charts.CHART_HEIGHT,
            formats=charts.with_shares(report_queries.count_formats(connection)),
            sides=charts.with_shares(report_queries.count_sides(connection)),
            weights=charts.with_shares(report_queries.count_file_sizes(connection)),
            runs=report_queries.read_last_runs(connection),
            groups=groups, states=states, sheet=samples.read_samples(),
        )  # fmt: skip
    publish(path, text.encode("utf-8", "replace"))


def _load_template() -> Template:
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {
        "bytes": format_bytes,
        "plain": escape_control_chars,
        "count": lambda number: f"{number:,}",
    }
    text = files("harvester.reporting.html").joinpath("templates/report.html").read_text(encoding="utf-8")
    return environment.from_string(text)
