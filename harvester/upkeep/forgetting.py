"""Letting images be fetched again."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Engine

from harvester.catalogue import lookup, mending
from harvester.catalogue.trouble import told_plainly
from harvester.errors import BadInput
from harvester.places import Places
from harvester.text import printable
from harvester.upkeep.addresses import images_of


@dataclass(frozen=True)
class Forgotten:
    """`images`: how many fit. `again`: how many of them are fetched again. `unknown`: texts that name no image."""

    images: int
    again: int
    unknown: list[str]

    def sentence(self, *, dry: bool) -> str:
        """For a person."""
        would = "would be fetched" if dry else "will be fetched"
        told = f"{self.images:,} image(s) found, {self.again:,} {would} again by the next crawl of their collection."
        if self.again < self.images:
            told += " The others are owed already, or no try can change them (see scrapy why)."
        return told


def forget(
    engine: Engine, places: Places, texts: Sequence[str], *, site: str | None, reason: str | None, dry: bool
) -> Forgotten:
    """Forget bytes, names and reasons of the images that fit: named by one of the texts, of the site, for the reason.

    Blobs and named copies stay as they are: where the same bytes come again they are used, where others come, the
    named copy is replaced, and `verify` finds the old blob unreferenced. Raises BadInput for an unknown site.
    """
    unknown: list[str] = []
    with told_plainly(engine), engine.begin() as connection:
        rows = lookup.by_rule(connection, site, reason) if site or reason else None
        if site and rows is not None and not lookup.has_site(connection, site):
            raise BadInput(f"--site {site}: nothing has been harvested from a site of that name.")
        if texts:
            named: set[int] = set()
            for text in texts:
                found = images_of(connection, places, text)
                if not found:
                    unknown.append(printable(text))
                named |= found
            rows = named if rows is None else rows & named
        again = mending.forgettable(connection, sorted(rows or ()))
        if not dry:
            mending.owe_bytes(connection, again)
    return Forgotten(len(rows or ()), len(again), unknown)
