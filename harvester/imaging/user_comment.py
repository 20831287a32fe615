"""Decoder of an EXIF UserComment, whose writers often name another encoding than the one they used.

The first eight bytes name the encoding: `ASCII`, `UNICODE`, `JIS` or nothing (EXIF 3.0, table 9). `UNICODE` does not
say which one; in the wild it is UTF-16 of either byte order, with or without a byte order mark, and UTF-8.
"""

import codecs

_NAMES = (b"ASCII\0\0\0", b"UNICODE\0", b"JIS\0\0\0\0\0", bytes(8))
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
)
_SAMPLE_CHARS = 4000
_WRITING = (  # code points of scripts that come in long runs and that the wrong byte order scatters
    range(0xA0, 0x700),  # Latin with accents, Greek, Cyrillic, Hebrew, Arabic
    range(0x2010, 0x2027),  # dashes and quotation marks
    range(0x3000, 0x3100),  # punctuation of CJK, kana
    range(0x4E00, 0xA000),  # CJK ideographs
    range(0xAC00, 0xD7A4),  # Hangul
    range(0xFF01, 0xFFEF),  # full-width forms
)


def decode_user_comment(value: bytes) -> str:
    """The text, without name and byte order mark; of two byte orders the more plausible one is taken. Never raises."""
    is_named = value[:8].upper() in _NAMES
    text = value[8:] if is_named else value
    for mark, codec in _BYTE_ORDER_MARKS:
        if text.startswith(mark):
            return decode_text(text[len(mark) :]) if codec == "utf-8" else _decode_utf16(text, codec)
    unpadded = text.rstrip(b"\0")
    is_unicode = value[:8].upper() == b"UNICODE\0" and not _is_utf8(unpadded)
    if is_unicode or unpadded.count(0) > max(8, len(unpadded) // 4):
        return max((_decode_utf16(text, codec) for codec in ("utf-16-be", "utf-16-le")), key=_plausibility)
    return decode_text(text)


def decode_text(text: bytes) -> str:
    """UTF-8, or Latin-1 if it is not; without a byte order mark."""
    text = text.rstrip(b"\0").removeprefix(codecs.BOM_UTF8)
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError:
        return text.decode("latin-1")


def _is_utf8(text: bytes) -> bool:
    """Whether it is UTF-8 and cannot be UTF-16: that has a zero byte in every second letter of English."""
    try:
        return b"\0" not in text and bool(text.decode("utf-8"))
    except UnicodeDecodeError:
        return False


def _decode_utf16(text: bytes, codec: str) -> str:
    return text.decode(codec, "replace").rstrip("\0\ufffd").lstrip("\ufeff")


def _plausibility(text: str) -> int:
    """How many letters look like writing: the wrong byte order makes rare or unassigned ones of them."""
    return sum(map(_weight, text[:_SAMPLE_CHARS]))


def _weight(letter: str) -> int:
    if letter.isascii():
        return 2 if letter.isprintable() or letter in "\r\n\t" else -1
    if any(ord(letter) in script for script in _WRITING):
        return 1
    return 0 if letter.isprintable() and letter != "\ufffd" else -1
