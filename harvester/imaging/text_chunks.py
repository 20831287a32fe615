"""Reader of the texts in a picture file: PNG text chunks, EXIF of JPEG, PNG and WebP, JPEG comments.

On an error in the bytes, the texts read so far are returned. Sizes are limited, as a text of a few hundred bytes may
unpack to gigabytes.
"""

import struct
import zlib
from collections.abc import Iterator

from harvester.imaging.user_comment import decode_text, decode_user_comment

MAX_TEXT_BYTES = 8 * 2**20
"""Bytes of one unpacked text; longer ones are left out."""

MAX_ENTRIES = 1000
"""The most chunks, segments or EXIF entries that are read."""

_EXIF_IFD, _USER_COMMENT = 0x8769, 0x9286
_EXIF_NAMES = {0x010E: "ImageDescription", 0x010F: "Make", 0x0110: "Model", 0x0131: "Software", 0x013B: "Artist"}
_TEXT_TYPES = (1, 2, 7)  # bytes, ASCII, undefined, as programs differ


def read_texts(data: bytes) -> dict[str, str]:
    """Name -> text; a name is a PNG keyword, or `UserComment`, `ImageDescription`, `Make`, `Model`, `Software`, …

    Of several texts with one name the first counts. Never raises.
    """
    texts: dict[str, str] = {}
    try:
        for name, text in _iter_texts(data):
            texts.setdefault(name, text)
    except (struct.error, zlib.error, IndexError, ValueError):
        pass
    return texts


def _iter_texts(data: bytes) -> Iterator[tuple[str, str]]:
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        yield from _png_texts(data)
    elif data.startswith(b"\xff\xd8"):
        yield from _jpeg_texts(data)
    elif data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        yield from _webp_texts(data)


def _png_texts(data: bytes) -> Iterator[tuple[str, str]]:
    offset, text_count = 8, 0
    while offset + 8 <= len(data) and text_count < MAX_ENTRIES:
        size, kind = struct.unpack_from(">I4s", data, offset)
        body = data[offset + 8 : offset + 8 + size] if kind in (b"tEXt", b"zTXt", b"iTXt", b"eXIf") else b""
        text_count += bool(body)
        if kind == b"IEND":
            return
        if kind == b"eXIf":
            yield from _exif_texts(body)
        elif body:
            yield from _parse_png_text(kind, body)
        offset += 12 + size


def _parse_png_text(kind: bytes, body: bytes) -> Iterator[tuple[str, str]]:
    keyword, _, rest = body.partition(b"\0")
    if kind == b"iTXt":
        is_compressed, rest = rest[:1] == b"\1", rest[2:]
        rest = rest.split(b"\0", 2)[-1]
    else:
        is_compressed, rest = kind == b"zTXt", rest[kind == b"zTXt" :]
    text = _decompress(rest) if is_compressed else rest
    if text is not None and len(text) <= MAX_TEXT_BYTES:
        yield keyword.decode("latin-1"), decode_text(text)


def _decompress(data: bytes) -> bytes | None:
    decompressor = zlib.decompressobj()
    text = decompressor.decompress(data, MAX_TEXT_BYTES)
    return None if decompressor.unconsumed_tail else text


def _jpeg_texts(data: bytes) -> Iterator[tuple[str, str]]:
    offset = 2
    for _ in range(MAX_ENTRIES):
        marker, size = struct.unpack_from(">HH", data, offset)
        body = data[offset + 4 : offset + 2 + size]
        if marker == 0xFFDA or marker < 0xFF00 or size < 2:
            return
        if marker == 0xFFE1 and body.startswith(b"Exif\0\0"):
            yield from _exif_texts(body[6:])
        elif marker == 0xFFFE:
            yield "Comment", decode_text(body)
        offset += 2 + size


def _webp_texts(data: bytes) -> Iterator[tuple[str, str]]:
    offset = 12
    for _ in range(MAX_ENTRIES):
        kind, size = struct.unpack_from("<4sI", data, offset)
        if kind == b"EXIF":
            yield from _exif_texts(data[offset + 8 : offset + 8 + size].removeprefix(b"Exif\0\0"))
        offset += 8 + size + size % 2


def _exif_texts(exif: bytes) -> Iterator[tuple[str, str]]:
    byte_order = {b"II": "<", b"MM": ">"}.get(exif[:2])
    if byte_order is None:
        return
    for tag, value in _exif_entries(exif, byte_order, struct.unpack_from(byte_order + "I", exif, 4)[0]):
        if tag in _EXIF_NAMES:
            yield _EXIF_NAMES[tag], decode_text(value)
        elif tag == _EXIF_IFD:
            start = struct.unpack(byte_order + "I", value)[0]
            for inner_tag, comment in _exif_entries(exif, byte_order, start):
                if inner_tag == _USER_COMMENT:
                    yield "UserComment", decode_user_comment(comment)


def _exif_entries(exif: bytes, byte_order: str, start: int) -> Iterator[tuple[int, bytes]]:
    (entry_count,) = struct.unpack_from(byte_order + "H", exif, start)
    for offset in range(start + 2, start + 2 + 12 * min(entry_count, MAX_ENTRIES), 12):
        tag, field_type, count = struct.unpack_from(byte_order + "HHI", exif, offset)
        if tag == _EXIF_IFD:
            yield tag, exif[offset + 8 : offset + 12]
        elif field_type in _TEXT_TYPES and count <= MAX_TEXT_BYTES:
            value_offset = offset + 8 if count <= 4 else struct.unpack_from(byte_order + "I", exif, offset + 8)[0]
            yield tag, exif[value_offset : value_offset + count]
