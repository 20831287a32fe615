"""The numbers of a collection as lines for a person."""

from collections.abc import Callable, Iterator

from harvester.catalogue.measures import Summary
from harvester.export.statistics import Statistics
from harvester.export.units import format_bytes, format_number, format_time
from harvester.text import escape_control_chars


def format_statistics(statistics: Statistics) -> Iterator[str]:
    """What there is on disk, an empty line, what there is in the catalogue."""
    yield from _disk_lines(statistics)
    yield ""
    for site, number in sorted(statistics.users.items()):
        yield f"{number:,} users of {escape_control_chars(site)}"
    yield _format_albums(statistics)
    occurrences = statistics.occurrences
    total_and_duplicates = f"{occurrences.total:,} total, {occurrences.duplicates:,} exact duplicates"
    yield f"{occurrences.unique:,} unique images ({total_and_duplicates})"
    yield f"{format_bytes(occurrences.saved)} saved by keeping the same bytes once"
    yield f"{statistics.failed:,} unique failed images"
    yield f"{statistics.gone:,} of them are gone from their site; {statistics.gone_but_kept:,} more are gone, but kept"
    yield f"{statistics.near_duplicates:,} perceptual duplicates in {statistics.groups:,} groups"
    yield f"{statistics.tags:,} tags"
    for site, count in statistics.sites.items():
        yield ""
        counts_text = ", ".join(
            f"{count.get(status, 0):,} {status}" for status in ("done", "failed", "skipped", "pending")
        )
        yield f"{escape_control_chars(site)}: {sum(count.values()):,} images promised: {counts_text}"
    if statistics.reasons:
        yield ""
        yield from (f"{reason}: {number:,}" for reason, number in statistics.reasons.items())


def _disk_lines(statistics: Statistics) -> Iterator[str]:
    images = statistics.sizes
    if statistics.catalogue_bytes is None:
        yield f"Catalogue: {statistics.catalogue}"
    else:
        share = f" ({100 * statistics.catalogue_bytes / images.total:.2f}% of the images)" if images.total else ""
        yield f"Catalogue: {statistics.catalogue}, {format_bytes(statistics.catalogue_bytes)}{share}"
    yield f"Images: {format_bytes(images.total)}; {_format_spread(images)}; {statistics.animated:,} animated"
    if statistics.smallest and statistics.largest:
        smallest, largest = (f" ({width}, {height})" for width, height in (statistics.smallest, statistics.largest))
        pixels = statistics.pixels
        yield (
            f"Pixels: min {format_number(pixels.least or 0)}{smallest}, "
            f"max {format_number(pixels.most or 0)}{largest}, "
            f"mean {format_number(pixels.mean or 0)}, stdev {_format_deviation(pixels, format_number)}"
        )
    for format_name, spread in statistics.formats.items():
        yield f"{format_name}: {spread.number:,} images, {format_bytes(spread.total)}; {_format_spread(spread)}"
    if statistics.thumbs is not None:
        share = f" ({100 * statistics.thumbs.total / images.total:.2f}% of the images)" if images.total else ""
        yield f"Thumbnails: {statistics.thumbs.number:,}, {format_bytes(statistics.thumbs.total)}{share}"


def _format_spread(spread: Summary) -> str:
    if not spread.number:
        return "none"
    values = {"min": spread.least, "max": spread.most, "mean": spread.mean}
    parts = [f"{word} {format_bytes(number or 0)}" for word, number in values.items()]
    return ", ".join([*parts, f"stdev {_format_deviation(spread, format_bytes)}"])


def _format_deviation(spread: Summary, formatter: Callable[[float], str]) -> str:
    return "-" if spread.deviation is None else formatter(spread.deviation)


def _format_albums(statistics: Statistics) -> str:
    if not statistics.albums:
        return "0 albums"
    if statistics.newest_read is None:
        return f"{statistics.albums:,} albums (pending)"
    pending = f"; {statistics.albums_pending:,} pending" if statistics.albums_pending else ""
    oldest, newest = format_time(statistics.oldest_read), format_time(statistics.newest_read)
    return f"{statistics.albums:,} albums (oldest: {oldest} / newer: {newest}{pending})"
