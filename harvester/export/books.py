"""The books: what was promised and what became of it, per site, in numbers that add up."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from rich.table import Table

from harvester.catalogue.queries import Count


@dataclass
class Book:
    """The numbers of images of one site. promised = done + failed + skipped + owed."""

    site: str
    done: int = 0
    owed: int = 0
    failed: dict[str, int] = field(default_factory=dict)
    skipped: dict[str, int] = field(default_factory=dict)

    @property
    def promised(self) -> int:
        """Every image a source said exists; an address that stands in a source twice is one image."""
        return self.done + self.owed + sum(self.failed.values()) + sum(self.skipped.values())

    @property
    def settled(self) -> bool:
        """Nothing owed and nothing failed."""
        return not self.owed and not self.failed

    def as_dict(self) -> dict[str, Any]:
        """For machines."""
        numbers = {"promised": self.promised, "done": self.done, "failed": self.failed}
        return {"site": self.site, **numbers, "skipped": self.skipped, "owed": self.owed}

    def lines(self) -> list[tuple[str, int]]:
        """What there is and how many, for a person; reasons are indented under their status."""
        lines = [("promised", self.promised), ("done", self.done)]
        for status, reasons in (("failed", self.failed), ("skipped", self.skipped)):
            lines.append((status, sum(reasons.values())))
            lines += [(f"  {reason}", images) for reason, images in sorted(reasons.items())]
        return [*lines, ("still owed", self.owed)]


def books(counts: Iterable[Count]) -> list[Book]:
    """One book per site, in the order of the catalogue."""
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
    return list(found.values())


def table(found: Iterable[Book]) -> Table:
    """The books for a person: one row per number, reasons indented under their status."""
    shown = Table()
    shown.add_column("site")
    shown.add_column("images")
    shown.add_column("number", justify="right")
    for book in found:
        for number, (what, images) in enumerate(book.lines()):
            shown.add_row(book.site if number == 0 else "", what, f"{images:,}")
        shown.add_section()
    return shown
