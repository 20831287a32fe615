"""Detection of the kind of a file from its first bytes: a picture format, or what a server sent instead."""

import codecs
import re

EXTENSIONS: dict[str, str] = {
    "JPEG": "jpg",
    "MPO": "jpg",
    "PNG": "png",
    "GIF": "gif",
    "WEBP": "webp",
    "AVIF": "avif",
    "BMP": "bmp",
    "TIFF": "tif",
    "JPEG2000": "jp2",
}
"""Pillow's name of each format that can be kept -> its file extension without the dot."""

_MAGIC: tuple[tuple[str, bytes], ...] = (
    ("JPEG", rb"\xff\xd8(\xff|\Z)"),
    ("PNG", rb"\x89PNG\r\n\x1a\n"),
    ("GIF", rb"GIF8[79]a"),
    ("WEBP", rb"RIFF....WEBP"),
    ("camera raw", rb"(II\*\0|MM\0\*)....CR|FUJIFILMCCD-RAW|IIU\0|IIR[OS]"),
    ("TIFF", rb"II\*\0|II\0\*|II\+\0|MM\0\*|MM\*\0|MM\0\+"),
    ("BMP", rb"BM.{12}[\x0c\x10\x28\x34\x38\x40\x6c\x7c]\0\0\0|BM(?=.*\0).{0,15}\Z"),
    ("JPEG2000", rb"\0\0\0\x0cjP  \r\n\x87\n|\xff\x4f\xff\x51"),
    ("JPEG XL", rb"\xff\x0a|\0\0\0\x0cJXL \r\n\x87\n"),
    ("JPEG XR", rb"II\xbc"),
    ("ICO", rb"\0\0[\x01\x02]\0[^\0]\0"),
    ("ICNS", rb"icns"),
    ("PSD", rb"8BPS"),
    ("QOI", rb"qoif"),
    ("DDS", rb"DDS "),
    ("OpenEXR", rb"\x76\x2f\x31\x01"),
    ("Radiance HDR", rb"#\?(RADIANCE|RGBE)"),
    ("XCF", rb"gimp xcf"),
    ("DjVu", rb"AT&TFORM"),
    ("PNM", rb"P[1-7Ff]\s+(#|-?\d|WIDTH)"),
    ("PostScript", rb"%!PS|\xc5\xd0\xd3\xc6"),
    ("PDF", rb"\s*%PDF-"),
    ("WebM video", rb"\x1aE\xdf\xa3.{0,60}webm"),
    ("Matroska video", rb"\x1aE\xdf\xa3"),
    ("AVI video", rb"RIFF....AVI "),
    ("MPEG video", rb"\0\0\x01[\xb3\xba]"),
    ("Flash", rb"FLV\x01|[CF]WS[\x01-\x32]"),
    ("audio", rb"ID3|fLaC|OggS|RIFF....WAVE|\xff[\xf2\xf3\xfa\xfb]|MThd|FORM....AIF"),
    ("ZIP", rb"PK(\x03\x04|\x05\x06)"),
    ("archive", rb"Rar!\x1a\x07|7z\xbc\xaf\x27\x1c|\xfd7zXZ\0|\x28\xb5\x2f\xfd|BZh[1-9]"),
    ("gzip", rb"\x1f\x8b\x08"),
    ("font", rb"wOF[F2]|OTTO"),
    ("program", rb"\x7fELF|MZ\x90"),
)
_MAGIC_PATTERNS = tuple((kind, re.compile(pattern, re.DOTALL)) for kind, pattern in _MAGIC)
_TEXT_PATTERNS = (
    ("SVG", re.compile(rb"<svg|(<\?xml|<!--|<!doctype svg).*<svg", re.DOTALL | re.IGNORECASE)),
    ("HTML", re.compile(rb"<(!doctype html|!--|(html|head|body|script|title|meta|div|p|h1|center|table)\b)", re.I)),
    ("HTML", re.compile(rb"<\?xml.*<html", re.DOTALL | re.IGNORECASE)),
    ("XML", re.compile(rb"<(\?xml|!doctype|rss|error|feed)", re.IGNORECASE)),
    ("JSON", re.compile(rb'\{\s*("|\}|$)|\[\s*["\[{\]\-0-9tfn]')),
)
_BOX_BRANDS: tuple[tuple[str, frozenset[bytes]], ...] = (
    ("AVIF", frozenset({b"avif", b"avis"})),
    ("HEIC", frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})),
    ("camera raw", frozenset({b"crx "})),
    ("audio", frozenset({b"M4A ", b"M4B "})),
)

IMAGE_KINDS: frozenset[str] = frozenset(
    {*EXTENSIONS, "camera raw", "JPEG XL", "JPEG XR", "ICO", "ICNS", "PSD", "QOI", "DDS", "OpenEXR", "Radiance HDR"}
    | {"XCF", "DjVu", "PNM", "PostScript", "SVG", "HEIC"}
)
"""The results of `detect_kind` that are picture formats, whether or not they can be kept."""

_BINARY_BYTES = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_HEAD_BYTES = 1024  # bytes that are checked


def detect_kind(data: bytes) -> str:
    """The kind of the bytes: Pillow's name of a format that can be kept, or a word for the user."""
    head = data[:_HEAD_BYTES]
    if not head:
        return "empty"
    if head[4:8] == b"ftyp":
        return _detect_box_kind(head)
    for kind, pattern in _MAGIC_PATTERNS:
        if pattern.match(head):
            return kind
    return _detect_text_kind(head)


def _detect_box_kind(head: bytes) -> str:
    """The kind of an ISO media file, by its brands: the main one first, then the compatible ones."""
    size = int.from_bytes(head[:4], "big")
    other_brands = {head[offset : offset + 4] for offset in range(16, min(size, len(head)), 4)}
    if head[8:12] in {b"mif1", b"msf1"} and other_brands & {b"avif", b"avis"}:
        return "AVIF"
    return next((kind for kind, brands in _BOX_BRANDS if head[8:12] in brands), "MP4 video")


def _detect_text_kind(head: bytes) -> str:
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "text"
    text = head.removeprefix(codecs.BOM_UTF8).lstrip()
    if _BINARY_BYTES.search(text) or not _is_utf8(text):
        return "unknown bytes"
    return next((kind for kind, pattern in _TEXT_PATTERNS if pattern.match(text)), "text")


def _is_utf8(head: bytes) -> bool:
    """Whether the head of a file is UTF-8; a character cut off at its end is allowed."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return False
    return True
