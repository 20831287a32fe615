"""The report: one page of HTML that needs no network, no script and no other file."""

from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, StrictUndefined, Template
from sqlalchemy import Engine

from harvester.blobs import BlobStore, publish
from harvester.catalogue import listings, queries
from harvester.catalogue.trouble import told_plainly
from harvester.errors import BadInput
from harvester.export.books import books
from harvester.export.page import drawing, numbers
from harvester.export.page.samples import Samples
from harvester.imaging.values import Options
from harvester.places import Places
from harvester.reasons import REASONS
from harvester.text import printable
from harvester.version import VERSION

MARK = b'<meta name="generator" content="harvester '
"""Stands in every report, so that nothing else is ever replaced by one."""


def destination(text: str, places: Places) -> Path:
    """The file that --to names. Raises BadInput where it is something else than a report, or among the pictures."""
    path = Path(text).expanduser().absolute()
    if not text or path.is_dir():
        raise BadInput(f"--to {text}: expected the name of a file, such as report.html.")
    if path.parent != places.root and path.resolve().is_relative_to(places.root):
        raise BadInput(f"--to {text}: lies among the files of the collection; choose another folder.")
    try:
        start = path.read_bytes()[:4000] if path.exists() else MARK
    except OSError as error:
        raise BadInput(f"--to {text}: {error.strerror}.") from error
    if MARK not in start:
        raise BadInput(f"--to {text}: there is a file of that name, and it is no report; choose another name.")
    return path


def write_report(engine: Engine, places: Places, options: Options, path: Path) -> None:
    """Write the report of a collection, whole or not at all. Raises CatalogueError and StoreError."""
    with told_plainly(engine), engine.connect() as connection:
        found = books(queries.counts(connection), listings.by_site(connection))
        samples = Samples(connection, BlobStore(places.blobs), options)
        days, span = numbers.per_day(connection)
        top = drawing.nice_top(max((bar.number for bar in days), default=1))
        alike, states = samples.alike()
        text = _template().render(
            version=VERSION, root=str(places.root), made=datetime.now(UTC), reasons=REASONS,
            books=found, parts={book.site: drawing.stacked(book) for book in found},
            totals=numbers.totals(connection), days=drawing.columns(days, top), span=span, top=top,
            width=drawing.WIDTH, height=drawing.HEIGHT,
            formats=drawing.share(numbers.formats(connection)), sides=drawing.share(numbers.sides(connection)),
            weights=drawing.share(numbers.weights(connection)), runs=numbers.last_runs(connection),
            alike=alike, states=states, sheet=samples.sheet(),
        )  # fmt: skip
    publish(path, text.encode("utf-8", "replace"))


def _template() -> Template:
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {"bytes": drawing.size, "plain": printable, "count": lambda number: f"{number:,}"}
    text = files("harvester.export.page").joinpath("templates/report.html").read_text(encoding="utf-8")
    return environment.from_string(text)
