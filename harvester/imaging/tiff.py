"""Reader of the chained directories of a TIFF, one per page; Pillow would decode tags to count pages."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

_MAX_PAGES = 65536
_MAX_STRIPS = 2**20
_STRUCT_CODES = {3: "H", 4: "I", 16: "Q"}
_STRIP_TAGS = {273: 0, 324: 0, 279: 1, 325: 1}  # tags of the offsets and sizes of strips and tiles


@dataclass(frozen=True)
class _TiffLayout:
    """The encoding of numbers: format letters of `struct`, sizes in bytes."""

    count_format: str
    offset_format: str
    entry_size: int
    first_pointer: int


_CLASSIC, _BIG = _TiffLayout("H", "I", 12, 4), _TiffLayout("Q", "Q", 20, 8)


def count_tiff_pages(data: bytes) -> tuple[int, bool]:
    """The number of pages of a TIFF or BigTIFF, and whether it is truncated.

    It is truncated if a directory, or the pixels of a page after the first, reach beyond the end of the file. The
    pixels of the first page are decoded anyway.
    """
    byte_order, layout = "<" if data[:2] == b"II" else ">", _BIG if 43 in data[2:4] else _CLASSIC
    pages = strip_count = 0
    try:
        for entries in _iter_directories(data, byte_order, layout):
            pages += 1
            if pages > 1 and strip_count < _MAX_STRIPS:
                offsets, sizes = _strip_locations(data, byte_order, layout, entries)
                strip_count += len(offsets)
                if any(offset + size > len(data) for offset, size in zip(offsets, sizes, strict=False)):
                    return pages, True
    except (struct.error, OverflowError):
        return pages, True
    return pages, False


def _iter_directories(data: bytes, byte_order: str, layout: _TiffLayout) -> Iterator[range]:
    """The positions of the entries of each page. Raises struct.error if the chain leads beyond the end of the file."""
    seen: set[int] = set()
    (offset,) = struct.unpack_from(byte_order + layout.offset_format, data, layout.first_pointer)
    while offset and offset not in seen and len(seen) < _MAX_PAGES:
        seen.add(offset)
        (entry_count,) = struct.unpack_from(byte_order + layout.count_format, data, offset)
        start = offset + struct.calcsize(layout.count_format)
        entries = range(start, start + layout.entry_size * entry_count, layout.entry_size)
        (offset,) = struct.unpack_from(byte_order + layout.offset_format, data, entries.stop)
        yield entries


def _strip_locations(data: bytes, byte_order: str, layout: _TiffLayout, entries: range) -> list[tuple[int, ...]]:
    """The offsets and sizes of the strips or tiles of a page."""
    locations: list[tuple[int, ...]] = [(), ()]
    for entry in entries:
        tag, field_type = struct.unpack_from(byte_order + "HH", data, entry)
        if tag in _STRIP_TAGS and field_type in _STRUCT_CODES:
            locations[_STRIP_TAGS[tag]] = _entry_values(data, byte_order, layout, entry, _STRUCT_CODES[field_type])
    return locations


def _entry_values(data: bytes, byte_order: str, layout: _TiffLayout, entry: int, code: str) -> tuple[int, ...]:
    """The values of one entry, which are in the entry itself if they fit, else elsewhere in the file."""
    (count,) = struct.unpack_from(byte_order + layout.offset_format, data, entry + 4)
    if count > _MAX_STRIPS:
        return ()
    offset, inline_bytes = entry + 4 + struct.calcsize(layout.offset_format), struct.calcsize(layout.offset_format)
    if count * struct.calcsize(code) > inline_bytes:
        (offset,) = struct.unpack_from(byte_order + layout.offset_format, data, offset)
    return struct.unpack_from(f"{byte_order}{count}{code}", data, offset)
