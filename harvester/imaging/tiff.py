"""The directories of a TIFF: one for each page, chained. Read here because Pillow decodes tags to count pages."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

_MOST_PAGES = 65536
_MOST_STRIPS = 2**20
_CODES = {3: "H", 4: "I", 16: "Q"}
_STRIPS = {273: 0, 324: 0, 279: 1, 325: 1}  # tags: where strips or tiles begin, how many bytes they take


@dataclass(frozen=True)
class _Layout:
    """How numbers are written: format letters of `struct`, sizes in bytes."""

    many: str
    number: str
    entry: int
    first: int


_CLASSIC, _BIG = _Layout("H", "I", 12, 4), _Layout("Q", "Q", 20, 8)


def tiff_pages(data: bytes) -> tuple[int, bool]:
    """How many pages a TIFF or BigTIFF has, and whether it is cut.

    It is cut where a directory lies beyond the end of the file, or the pixels of a later page: those of the first are
    decoded anyway.
    """
    order, layout = "<" if data[:2] == b"II" else ">", _BIG if 43 in data[2:4] else _CLASSIC
    pages = strips = 0
    try:
        for entries in _directories(data, order, layout):
            pages += 1
            if pages > 1 and strips < _MOST_STRIPS:
                places, sizes = _strips(data, order, layout, entries)
                strips += len(places)
                if any(place + size > len(data) for place, size in zip(places, sizes, strict=False)):
                    return pages, True
    except (struct.error, OverflowError):
        return pages, True
    return pages, False


def _directories(data: bytes, order: str, layout: _Layout) -> Iterator[range]:
    """Where the entries of each page stand; struct.error where the chain leads beyond the end of the file."""
    seen: set[int] = set()
    (at,) = struct.unpack_from(order + layout.number, data, layout.first)
    while at and at not in seen and len(seen) < _MOST_PAGES:
        seen.add(at)
        (many,) = struct.unpack_from(order + layout.many, data, at)
        start = at + struct.calcsize(layout.many)
        entries = range(start, start + layout.entry * many, layout.entry)
        (at,) = struct.unpack_from(order + layout.number, data, entries.stop)
        yield entries


def _strips(data: bytes, order: str, layout: _Layout, entries: range) -> list[tuple[int, ...]]:
    """Where the strips or tiles of a page begin, and their sizes."""
    found: list[tuple[int, ...]] = [(), ()]
    for entry in entries:
        tag, kind = struct.unpack_from(order + "HH", data, entry)
        if tag in _STRIPS and kind in _CODES:
            found[_STRIPS[tag]] = _values(data, order, layout, entry, _CODES[kind])
    return found


def _values(data: bytes, order: str, layout: _Layout, entry: int, code: str) -> tuple[int, ...]:
    """The values of one entry, which stand in it where they fit, else elsewhere."""
    (count,) = struct.unpack_from(order + layout.number, data, entry + 4)
    if count > _MOST_STRIPS:
        return ()
    at, room = entry + 4 + struct.calcsize(layout.number), struct.calcsize(layout.number)
    if count * struct.calcsize(code) > room:
        (at,) = struct.unpack_from(order + layout.number, data, at)
    return struct.unpack_from(f"{order}{count}{code}", data, at)
