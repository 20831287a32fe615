"""The books: what was promised and what became of it, per site, in numbers that add up."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from rich.table import Table

from harvester.catalogue.listings import Listing
from harvester.catalogue.queries import Count
from harvester.text import printable


@dataclass
class Book:
    """The numbers of images of one site. promised = done + failed + skipped + owed.

    Where they were listed page by page, also how far each listing was walked: an open or cut one is not complete.
    """

    site: str
    done: int = 0
    owed: int = 0
    failed: dict[str, int] = field(default_factory=dict)
    skipped: dict[str, int] = field(default_factory=dict)
    listings: list[Listing] = field(default_factory=list)

    @property
    def promised(self) -> int:
        """Every image a source said exists; an address that stands in a source twice is one image."""
        return self.done + self.owed + sum(self.failed.values()) + sum(self.skipped.values())

    @property
    def settled(self) -> bool:
        """Nothing owed, nothing failed, every listing walked to its end."""
        return not self.owed and not self.failed and not self.unended

    @property
    def unended(self) -> list[Listing]:
        """Listings that were cut, or are being walked."""
        return [listing for listing in self.listings if listing.state != "ended"]

    def as_dict(self) -> dict[str, Any]:
        """For machines."""
        numbers = {"promised": self.promised, "done": self.done, "failed": self.failed}
        walked = [{what: told for what, told in asdict(listing).items() if what in _TOLD} for listing in self.listings]
        return {"site": self.site, **numbers, "skipped": self.skipped, "owed": self.owed, "listings": walked}

    def lines(self) -> list[tuple[str, int]]:
        """What there is and how many, for a person; reasons are indented under their status."""
        lines = [("promised", self.promised), ("done", self.done)]
        for status, reasons in (("failed", self.failed), ("skipped", self.skipped)):
            lines.append((status, sum(reasons.values())))
            lines += [(f"  {reason}", images) for reason, images in sorted(reasons.items())]
        return [*lines, ("still owed", self.owed), *self._listed()]

    def _listed(self) -> list[tuple[str, int]]:
        if not self.listings:
            return []
        told: Counter[str] = sum((Counter(listing.counts) for listing in self.listings), Counter())
        return [
            ("listings ended", len(self.listings) - len(self.unended)),
            ("listings cut", len(self.unended)),
            ("pages walked", sum(listing.pages for listing in self.listings)),
            ("items listed", sum(listing.items for listing in self.listings)),
            *((f"  {what}", number) for what, number in sorted(told.items())),
        ]

    def complaints(self) -> list[str]:
        """A sentence for each of the first listings that are not complete."""
        told = [
            f"Listing {printable(listing.query)} is not complete: "
            f"{printable(listing.why) or 'stopped'} after {listing.pages:,} pages. The same command continues."
            for listing in self.unended[:SHOWN]
        ]
        return told + ([f"{len(self.unended) - SHOWN} more listings are not complete."] if self.unended[SHOWN:] else [])


_TOLD = ("query", "pages", "items", "counts", "state", "why")

SHOWN = 10
"""Sentences about listings that are not complete."""


def books(counts: Iterable[Count], listings: Mapping[str, Sequence[Listing]]) -> list[Book]:
    """One book per site, in the order of the catalogue; `listings` by site."""
    found: dict[str, Book] = {}
    for count in counts:
        book = found.setdefault(count.site, Book(count.site))
        if count.status == "done":
            book.done += count.images
        elif count.status == "pending":
            book.owed += count.images
        else:
            reasons = book.failed if count.status == "failed" else book.skipped
            reasons[count.reason] = reasons.get(count.reason, 0) + count.images
    for site, walked in listings.items():
        found.setdefault(site, Book(site)).listings += walked
    return list(found.values())


def table(found: Iterable[Book]) -> Table:
    """The books for a person: one row per number, reasons indented under their status."""
    shown = Table()
    shown.add_column("site")
    shown.add_column("images")
    shown.add_column("number", justify="right")
    for book in found:
        for number, (what, images) in enumerate(book.lines()):
            shown.add_row(printable(book.site) if number == 0 else "", printable(what), f"{images:,}")
        shown.add_section()
    return shown
