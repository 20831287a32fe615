"""Summary per site: how many images are expected, done, failed, skipped and pending, in numbers that add up."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from rich.table import Table

from harvester.catalogue import listings, queries
from harvester.catalogue.db_errors import translate_db_errors
from harvester.catalogue.listings import Listing
from harvester.catalogue.queries import StatusCount
from harvester.catalogue.store import open_existing
from harvester.dataset.writer import write_dataset_files
from harvester.errors import StoreError, UsageProblem
from harvester.storage.paths import DataPaths
from harvester.text import count_noun, escape_control_chars


@dataclass
class SiteSummary:
    """The image counts of one site: expected = done + failed + skipped + pending.

    If the site is listed page by page, also how far each listing was walked; an open or stopped one is incomplete.
    """

    site: str
    done: int = 0
    pending: int = 0
    failed: dict[str, int] = field(default_factory=dict)
    skipped: dict[str, int] = field(default_factory=dict)
    listings: list[Listing] = field(default_factory=list)

    @property
    def discovered(self) -> int:
        """The number of expected images: all that a source has named. An address named twice is one image."""
        return self.done + self.pending + sum(self.failed.values()) + sum(self.skipped.values())

    @property
    def is_complete(self) -> bool:
        """Whether nothing is pending, nothing failed, and every listing was walked to its end."""
        return not self.pending and not self.failed and not self.incomplete_listings

    @property
    def incomplete_listings(self) -> list[Listing]:
        """The listings that were stopped before their end or are still being walked."""
        return [listing for listing in self.listings if listing.state != "ended"]

    def as_dict(self) -> dict[str, Any]:
        """The summary as plain values for JSON."""
        counts = {"expected": self.discovered, "done": self.done, "failed": self.failed}
        listings = [
            {column: value for column, value in asdict(listing).items() if column in _LISTING_FIELDS}
            for listing in self.listings
        ]
        return {"site": self.site, **counts, "skipped": self.skipped, "pending": self.pending, "listings": listings}

    def lines(self) -> list[tuple[str, int]]:
        """Labels and counts for the user; reasons are indented under their status."""
        lines = [("expected", self.discovered), ("done", self.done)]
        for status, reasons in (("failed", self.failed), ("skipped", self.skipped)):
            lines.append((status, sum(reasons.values())))
            lines += [(f"  {reason}", count) for reason, count in sorted(reasons.items())]
        return [*lines, ("pending", self.pending), *self._listing_lines()]

    def _listing_lines(self) -> list[tuple[str, int]]:
        if not self.listings:
            return []
        item_counts: Counter[str] = sum((Counter(listing.counts) for listing in self.listings), Counter())
        return [
            ("listings complete", len(self.listings) - len(self.incomplete_listings)),
            ("listings incomplete", len(self.incomplete_listings)),
            ("pages read", sum(listing.pages for listing in self.listings)),
            ("items listed", sum(listing.items for listing in self.listings)),
            *((f"  {kind}", count) for kind, count in sorted(item_counts.items())),
        ]

    def complaints(self) -> list[str]:
        """One sentence for each of the first incomplete listings, and one for the number of the others."""
        messages = [
            f"Listing {escape_control_chars(listing.query)} is incomplete: "
            f"{escape_control_chars(listing.detail) or 'stopped'} after {count_noun(listing.pages, 'page')}. "
            "The same command continues."
            for listing in self.incomplete_listings[:LISTINGS_SHOWN]
        ]
        if others := len(self.incomplete_listings[LISTINGS_SHOWN:]):
            messages.append(f"{count_noun(others, 'more listing')} {'is' if others == 1 else 'are'} incomplete.")
        return messages


_LISTING_FIELDS = ("query", "pages", "items", "counts", "state", "detail")

LISTINGS_SHOWN = 10
"""Incomplete listings that get a sentence of their own."""


def summarize_sites(counts: Iterable[StatusCount], listings: Mapping[str, Sequence[Listing]]) -> list[SiteSummary]:
    """One summary per site, in the order of the catalogue; `listings` by site."""
    summaries: dict[str, SiteSummary] = {}
    for count in counts:
        summary = summaries.setdefault(count.site, SiteSummary(count.site))
        if count.status == "done":
            summary.done += count.images
        elif count.status == "pending":
            summary.pending += count.images
        else:
            reasons = summary.failed if count.status == "failed" else summary.skipped
            reasons[count.reason] = reasons.get(count.reason, 0) + count.images
    for site, site_listings in listings.items():
        summaries.setdefault(site, SiteSummary(site)).listings += site_listings
    return list(summaries.values())


def build_table(summaries: Iterable[SiteSummary]) -> Table:
    """The summaries as a table: one row per count, reasons indented under their status."""
    table = Table()
    table.add_column("site")
    table.add_column("images")
    table.add_column("number", justify="right")
    for summary in summaries:
        for index, (label, images) in enumerate(summary.lines()):
            table.add_row(
                escape_control_chars(summary.site) if index == 0 else "", escape_control_chars(label), f"{images:,}"
            )
        table.add_section()
    return table


@dataclass
class CollectionStatus:
    """The summaries, and one sentence for every problem."""

    summaries: list[SiteSummary]
    complaints: list[str] = field(default_factory=list)

    @property
    def is_complete(self) -> bool:
        """Whether nothing is pending, nothing failed, and there is no problem."""
        return not self.complaints and all(summary.is_complete for summary in self.summaries)


def collect_status(places: DataPaths) -> CollectionStatus:
    """Read the catalogue and write every status file. Raises UsageProblem and CatalogueError."""
    catalogue = open_existing(places.catalogue)
    if catalogue is None:
        raise UsageProblem(f"There is no catalogue in {places.root}: nothing has been harvested there yet.")
    try:
        with translate_db_errors(catalogue), catalogue.connect() as connection:
            status = CollectionStatus(
                summarize_sites(queries.count_by_status(connection), listings.listings_by_site(connection))
            )
            status.complaints += [message for summary in status.summaries for message in summary.complaints()]
            for collection in queries.unfinished_collections(connection):
                folder = places.output(collection)
                status.complaints.append(f"Not all images for {folder} are discovered: run the same crawl again.")
            for collection_id, collection in queries.all_collections(connection).items():
                try:
                    write_dataset_files(connection, collection_id, collection, places)
                except StoreError as error:
                    status.complaints.append(str(error))
    finally:
        catalogue.dispose()
    return status
