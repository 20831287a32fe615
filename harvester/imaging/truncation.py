"""Detection of truncated files from their structure, because decoders do not report all of them.

Measured with Pillow 13 by truncating files at every byte: it accepts a PNG without its end chunk, a GIF that ends after
the first frame, a grey JPEG without its end marker, a JPEG 2000 file that ends before its first tile, and a TIFF whose
directory at the end of the file lacks up to four bytes.
"""

import struct
from collections.abc import Callable, Iterator

from harvester.imaging.tiff import count_tiff_pages

_JPEG_END = _J2K_END = b"\xff\xd9"
_KNOWN_BOXES = {b"ftyp", b"meta", b"mdat", b"moov", b"jP  ", b"jp2h", b"jp2c"}


def is_truncated(data: bytes, kind: str) -> bool:
    """Whether bytes are missing at the end of a file of this kind (Pillow's name); False if unknown."""
    check = _CHECKS.get(kind)
    return check is not None and check(data)


def count_gif_frames(data: bytes) -> tuple[int, bool]:
    """The number of frames of a GIF, and whether it ends inside a block or before an announced frame.

    A complete last frame without the closing trailer byte is accepted. Bytes between blocks are skipped, as by Pillow.
    """
    frames, announced = 0, False
    try:
        offset = 13 + _colour_table_size(data[10])
        while offset < len(data) and data[offset] != 0x3B:
            if data[offset] == 0x2C:
                frames, announced = frames + 1, False
                offset = _skip_sub_blocks(data, offset + 11 + _colour_table_size(data[offset + 9]))
            elif data[offset] == 0x21:
                announced = announced or data[offset + 1] == 0xF9
                offset = _skip_sub_blocks(data, offset + 2)
            else:
                offset += 1
    except IndexError:
        return frames, True
    return frames, offset >= len(data) and (announced or frames == 0)


def png_chunks(data: bytes) -> Iterator[tuple[bytes, int]]:
    """The name and the end of each chunk of a PNG, up to the end chunk or the end of the data."""
    name, offset = b"", 8
    while name != b"IEND" and offset + 12 <= len(data):
        length, name = struct.unpack_from(">I4s", data, offset)
        offset += 12 + int(length)
        yield name, offset


def _colour_table_size(flags: int) -> int:
    """The size in bytes of a GIF colour table, from the flags that announce it."""
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _skip_sub_blocks(data: bytes, offset: int) -> int:
    """The end of a chain of GIF sub-blocks. Raises IndexError if the file ends first."""
    while data[offset]:
        offset += data[offset] + 1
    return offset + 1


def _is_jpeg_truncated(data: bytes) -> bool:
    """Whether a JPEG ends inside a header segment or has no end marker; invalid segments are damage, not truncation."""
    offset = 2
    while offset + 4 <= len(data):
        if data[offset] != 0xFF:
            return False
        if data[offset + 1] == 0xDA:
            return data.rfind(_JPEG_END, offset) < 0
        if data[offset + 1] == 0xFF:
            offset += 1
        else:
            offset += 2 + int.from_bytes(data[offset + 2 : offset + 4], "big")
    return True


def _is_png_truncated(data: bytes) -> bool:
    """Whether the end chunk is missing or incomplete."""
    name, end = b"", 0
    for name, end in png_chunks(data):  # noqa: B007 - the last one counts
        pass
    return name != b"IEND" or end > len(data)


def _is_bmp_truncated(data: bytes) -> bool:
    """Whether a BMP ends before its pixels, whose offset the header states; the decoder reports missing pixels."""
    return len(data) < 26 or int.from_bytes(data[10:14], "little") > len(data)


def _is_webp_truncated(data: bytes) -> bool:
    """Whether a WebP is shorter than its RIFF header states."""
    return len(data) < 12 or 8 + int.from_bytes(data[4:8], "little") > len(data)


def _are_boxes_truncated(data: bytes) -> bool:
    """Whether a box of ISO media or JPEG 2000 reaches beyond the end; unknown bytes after the last box are ignored."""
    offset = 0
    while offset + 8 <= len(data):
        size, name = struct.unpack_from(">I4s", data, offset)
        if size == 1:
            size = int.from_bytes(data[offset + 8 : offset + 16], "big")
        if size < 8 or (name not in _KNOWN_BOXES and offset + size > len(data)):
            return False
        offset += size
    return offset > len(data)


def _is_avif_truncated(data: bytes) -> bool:
    return b"meta" not in data or _are_boxes_truncated(data)


def _is_jpeg2000_truncated(data: bytes) -> bool:
    has_boxes = data[:4] != b"\xff\x4f\xff\x51"
    return data.rfind(_J2K_END) < 0 or (has_boxes and _are_boxes_truncated(data))


_CHECKS: dict[str, Callable[[bytes], bool]] = {
    "JPEG": _is_jpeg_truncated,
    "MPO": _is_jpeg_truncated,
    "PNG": _is_png_truncated,
    "GIF": lambda data: count_gif_frames(data)[1],
    "WEBP": _is_webp_truncated,
    "BMP": _is_bmp_truncated,
    "AVIF": _is_avif_truncated,
    "JPEG2000": _is_jpeg2000_truncated,
    "TIFF": lambda data: count_tiff_pages(data)[1],
}
