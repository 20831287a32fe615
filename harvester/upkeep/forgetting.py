"""Letting images be fetched again."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Engine

from harvester.catalogue import lookup, mending
from harvester.catalogue.trouble import translate_db_errors
from harvester.errors import UsageProblem
from harvester.places import DataPaths
from harvester.text import escape_control_chars
from harvester.upkeep.addresses import find_images


@dataclass(frozen=True)
class ForgetResult:
    """`images`: how many fit. `again`: how many of them are fetched again. `unknown`: texts that name no image."""

    images: int
    requeued: int
    unknown: list[str]

    def message(self, *, dry: bool) -> str:
        """For a person."""
        verb = "would be fetched" if dry else "will be fetched"
        text = f"{self.images:,} image(s) found, {self.requeued:,} {verb} again by the next crawl of their collection."
        if self.requeued < self.images:
            text += " The others are owed already, or no try can change them (see scrapy why)."
        return text


def forget_images(
    engine: Engine, places: DataPaths, texts: Sequence[str], *, site: str | None, reason: str | None, dry: bool
) -> ForgetResult:
    """Forget bytes, names and reasons of the images that fit: named by one of the texts, of the site, for the reason.

    Blobs and named copies stay as they are: where the same bytes come again they are used, where others come, the
    named copy is replaced, and `verify` finds the old blob unreferenced. Raises BadInput for an unknown site.
    """
    unknown: list[str] = []
    with translate_db_errors(engine), engine.begin() as connection:
        image_ids = lookup.find_by_rule(connection, site, reason) if site or reason else None
        if site and image_ids is not None and not lookup.has_site(connection, site):
            raise UsageProblem(f"--site {site}: nothing has been harvested from a site of that name.")
        if texts:
            named_ids: set[int] = set()
            for text in texts:
                matches = find_images(connection, places, text)
                if not matches:
                    unknown.append(escape_control_chars(text))
                named_ids |= matches
            image_ids = named_ids if image_ids is None else image_ids & named_ids
        requeued_ids = mending.filter_retryable(connection, sorted(image_ids or ()))
        if not dry:
            mending.refetch(connection, requeued_ids)
    return ForgetResult(len(image_ids or ()), len(requeued_ids), unknown)
