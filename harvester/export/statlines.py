"""The numbers of a collection as lines for a person."""

from collections.abc import Callable, Iterator

from harvester.catalogue.measures import Spread
from harvester.export.statistics import Statistics
from harvester.export.units import amount, moment, size
from harvester.text import printable


def lines(found: Statistics) -> Iterator[str]:
    """What there is on disk, an empty line, what there is in the catalogue."""
    yield from _on_disk(found)
    yield ""
    for site, number in sorted(found.users.items()):
        yield f"{number:,} users of {printable(site)}"
    yield _albums(found)
    there = found.occurrences
    yield f"{there.unique:,} unique images ({there.total:,} total, {there.duplicates:,} exact duplicates)"
    yield f"{size(there.saved)} saved by keeping the same bytes once"
    yield f"{found.failed:,} unique failed images"
    yield f"{found.gone:,} of them are gone from their site; {found.gone_but_kept:,} more are gone, but kept"
    yield f"{found.look_alikes:,} perceptual duplicates in {found.groups:,} groups"
    yield f"{found.tags:,} tags"
    for site, count in found.sites.items():
        yield ""
        told = ", ".join(f"{count.get(status, 0):,} {status}" for status in ("done", "failed", "skipped", "pending"))
        yield f"{printable(site)}: {sum(count.values()):,} images promised: {told}"
    if found.reasons:
        yield ""
        yield from (f"{reason}: {number:,}" for reason, number in found.reasons.items())


def _on_disk(found: Statistics) -> Iterator[str]:
    images = found.sizes
    if found.catalogue_bytes is None:
        yield f"Catalogue: {found.catalogue}"
    else:
        share = f" ({100 * found.catalogue_bytes / images.total:.2f}% of the images)" if images.total else ""
        yield f"Catalogue: {found.catalogue}, {size(found.catalogue_bytes)}{share}"
    yield f"Images: {size(images.total)}; {_spread(images)}; {found.animated:,} animated"
    if found.smallest and found.largest:
        least, most = (f" ({width}, {height})" for width, height in (found.smallest, found.largest))
        pixels = found.pixels
        yield (
            f"Pixels: min {amount(pixels.least or 0)}{least}, max {amount(pixels.most or 0)}{most}, "
            f"mean {amount(pixels.mean or 0)}, stdev {_deviation(pixels, amount)}"
        )
    for form, spread in found.formats.items():
        yield f"{form}: {spread.number:,} images, {size(spread.total)}; {_spread(spread)}"
    if found.thumbs is not None:
        share = f" ({100 * found.thumbs.total / images.total:.2f}% of the images)" if images.total else ""
        yield f"Thumbnails: {found.thumbs.number:,}, {size(found.thumbs.total)}{share}"


def _spread(of: Spread) -> str:
    if not of.number:
        return "none"
    told = {"min": of.least, "max": of.most, "mean": of.mean}
    words = [f"{word} {size(number or 0)}" for word, number in told.items()]
    return ", ".join([*words, f"stdev {_deviation(of, size)}"])


def _deviation(of: Spread, told: Callable[[float], str]) -> str:
    return "-" if of.deviation is None else told(of.deviation)


def _albums(found: Statistics) -> str:
    if not found.albums:
        return "0 albums"
    if found.newest_read is None:
        return f"{found.albums:,} albums (pending)"
    pending = f"; {found.albums_pending:,} pending" if found.albums_pending else ""
    return (
        f"{found.albums:,} albums (oldest: {moment(found.oldest_read)} / newer: {moment(found.newest_read)}{pending})"
    )
