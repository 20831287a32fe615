"""Texts that lie in a picture file beside its pixels: PNG text chunks, EXIF of JPEG, PNG and WebP, JPEG comments.

Whatever is wrong with the bytes, what was read until then is returned. Sizes are bounded: a text of a few hundred
bytes may unpack to gigabytes.
"""

import struct
import zlib
from collections.abc import Iterator

LARGEST = 8 * 2**20
"""Bytes of one text, unpacked; longer ones are left out."""

MOST = 1000
"""Chunks, segments or EXIF entries looked at."""

_EXIF_IFD, _USER_COMMENT = 0x8769, 0x9286
_EXIF_NAMES = {0x010E: "ImageDescription", 0x010F: "Make", 0x0110: "Model", 0x0131: "Software", 0x013B: "Artist"}
_TEXTUAL = (1, 2, 7)  # bytes, ASCII, undefined: programs differ


def texts_of(data: bytes) -> dict[str, str]:
    """Every text by its name: a PNG keyword, or `UserComment`, `ImageDescription`, `Make`, `Model`, `Software`, …

    Of several texts of one name the first counts. Never raises.
    """
    found: dict[str, str] = {}
    try:
        for name, text in _texts(data):
            found.setdefault(name, text)
    except (struct.error, zlib.error, IndexError, ValueError):
        pass
    return found


def _texts(data: bytes) -> Iterator[tuple[str, str]]:
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        yield from _png(data)
    elif data.startswith(b"\xff\xd8"):
        yield from _jpeg(data)
    elif data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        yield from _webp(data)


def _png(data: bytes) -> Iterator[tuple[str, str]]:
    at, texts = 8, 0
    while at + 8 <= len(data) and texts < MOST:
        size, kind = struct.unpack_from(">I4s", data, at)
        body = data[at + 8 : at + 8 + size] if kind in (b"tEXt", b"zTXt", b"iTXt", b"eXIf") else b""
        texts += bool(body)
        if kind == b"IEND":
            return
        if kind == b"eXIf":
            yield from _exif(body)
        elif body:
            yield from _png_text(kind, body)
        at += 12 + size


def _png_text(kind: bytes, body: bytes) -> Iterator[tuple[str, str]]:
    keyword, _, rest = body.partition(b"\0")
    if kind == b"iTXt":
        packed, rest = rest[:1] == b"\1", rest[2:]
        rest = rest.split(b"\0", 2)[-1]
    else:
        packed, rest = kind == b"zTXt", rest[kind == b"zTXt" :]
    text = _unpacked(rest) if packed else rest
    if text is not None and len(text) <= LARGEST:
        yield keyword.decode("latin-1"), _decoded(text)


def _unpacked(data: bytes) -> bytes | None:
    unpacker = zlib.decompressobj()
    text = unpacker.decompress(data, LARGEST)
    return None if unpacker.unconsumed_tail else text


def _jpeg(data: bytes) -> Iterator[tuple[str, str]]:
    at = 2
    for _ in range(MOST):
        marker, size = struct.unpack_from(">HH", data, at)
        body = data[at + 4 : at + 2 + size]
        if marker == 0xFFDA or marker < 0xFF00 or size < 2:
            return
        if marker == 0xFFE1 and body.startswith(b"Exif\0\0"):
            yield from _exif(body[6:])
        elif marker == 0xFFFE:
            yield "Comment", _decoded(body)
        at += 2 + size


def _webp(data: bytes) -> Iterator[tuple[str, str]]:
    at = 12
    for _ in range(MOST):
        kind, size = struct.unpack_from("<4sI", data, at)
        if kind == b"EXIF":
            yield from _exif(data[at + 8 : at + 8 + size].removeprefix(b"Exif\0\0"))
        at += 8 + size + size % 2


def _exif(exif: bytes) -> Iterator[tuple[str, str]]:
    order = {b"II": "<", b"MM": ">"}.get(exif[:2])
    if order is None:
        return
    for tag, value in _entries(exif, order, struct.unpack_from(order + "I", exif, 4)[0]):
        if tag in _EXIF_NAMES:
            yield _EXIF_NAMES[tag], _decoded(value)
        elif tag == _EXIF_IFD:
            start = struct.unpack(order + "I", value)[0]
            for inner, comment in _entries(exif, order, start):
                if inner == _USER_COMMENT:
                    yield "UserComment", _user_comment(comment)


def _entries(exif: bytes, order: str, start: int) -> Iterator[tuple[int, bytes]]:
    (number,) = struct.unpack_from(order + "H", exif, start)
    for at in range(start + 2, start + 2 + 12 * min(number, MOST), 12):
        tag, kind, count = struct.unpack_from(order + "HHI", exif, at)
        if tag == _EXIF_IFD:
            yield tag, exif[at + 8 : at + 12]
        elif kind in _TEXTUAL and count <= LARGEST:
            there = at + 8 if count <= 4 else struct.unpack_from(order + "I", exif, at + 8)[0]
            yield tag, exif[there : there + count]


def _user_comment(value: bytes) -> str:
    """Eight bytes name the encoding; of the two orders of UTF-16 the one that makes more sense is taken."""
    charset, text = value[:8], value[8:]
    if charset.startswith(b"UNICODE"):
        return max((text.decode(order, "replace") for order in ("utf-16-be", "utf-16-le")), key=_plain).rstrip("\0")
    return _decoded(text if charset.startswith((b"ASCII", b"JIS", b"\0\0\0\0\0\0\0\0")) else value)


def _plain(text: str) -> int:
    return sum(letter.isascii() and letter != "\0" for letter in text[:2000])


def _decoded(text: bytes) -> str:
    text = text.rstrip(b"\0")
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError:
        return text.decode("latin-1")
