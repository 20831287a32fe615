"""Recognising the format of bytes."""

import io
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from harvester.imaging.formats import EXTENSIONS, IMAGE_KINDS, detect_kind
from tests.imaging.pictures import encoded, samples

FORMATS = {"jpeg": "JPEG", "png": "PNG", "gif": "GIF", "webp": "WEBP", "avif": "AVIF", "bmp": "BMP", "tiff": "TIFF"}
FORMATS |= {"jpeg2000": "JPEG2000"}


def _media(brand: bytes, *others: bytes) -> bytes:
    names = b"".join(others)
    return struct.pack(">I4s4sI", 16 + len(names), b"ftyp", brand, 0) + names + bytes(50)


OTHER_KINDS = {
    "ICO": encoded(Image.new("RGB", (16, 16)), "ICO"),
    "ICNS": b"icns\0\0\1\0",
    "SVG": b'<?xml version="1.0"?>\n<!-- drawn -->\n<svg xmlns="http://www.w3.org/2000/svg"/>',
    "HEIC": _media(b"heic", b"mif1"),
    "AVIF": _media(b"mif1", b"avif"),
    "JPEG XL": b"\0\0\0\x0cJXL \r\n\x87\n",
    "PSD": b"8BPS\0\1",
    "QOI": b"qoif\0\0",
    "PNM": b"P6\n3 2\n255\n",
    "camera raw": b"II*\0\x10\0\0\0CR\2\0",
    "PostScript": b"%!PS-Adobe-3.0",
    "HTML": b"\xef\xbb\xbf\n <!DOCTYPE HTML>\n<html><body><svg/></body></html>",
    "JSON": b' {"error": "not found"}',
    "XML": b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>',
    "PDF": b"%PDF-1.7",
    "MP4 video": _media(b"isom", b"mp41"),
    "WebM video": b"\x1aE\xdf\xa3\x01\0\0\0\0\0\0\x1fB\x86\x81\x01B\x82\x84webm",
    "AVI video": b"RIFF\0\0\0\0AVI LIST",
    "audio": b"ID3\3\0",
    "ZIP": b"PK\3\4\x14\0",
    "gzip": b"\x1f\x8b\x08\0",
    "text": b"404 page not found\n",
    "empty": b"",
    "unknown bytes": b"\x91\x00\x12\x03" * 9,
}


@pytest.mark.parametrize(("name", "data"), list(samples()))
def test_every_format_is_known_by_its_first_bytes(name: str, data: bytes) -> None:
    """Files of the formats that can be kept are recognised as what Pillow says they are."""
    kind = detect_kind(data[:40])
    assert kind == FORMATS[name.partition("-")[0]] == Image.open(io.BytesIO(data)).format
    assert kind in IMAGE_KINDS


@pytest.mark.parametrize(("kind", "data"), OTHER_KINDS.items())
def test_other_content_is_named(kind: str, data: bytes) -> None:
    """Other picture formats and what is no picture at all have words of their own."""
    assert detect_kind(data) == kind


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("HTML", b"<html>"),
        ("HTML", b"<!-- moved --><p>gone</p>"),
        ("HTML", b'<?xml version="1.0"?><!DOCTYPE html><html/>'),
        ("SVG", b"<svg/>"),
        ("JSON", b"[]"),
        ("JSON", b'[{"id": 1}]'),
        ("text", b"[sic] BMW and GIFs"),
        ("text", b"BMW is a maker of cars"),
        ("text", "Grüße".encode()),
        ("text", "hello".encode("utf-16")),
        ("JPEG", b"\xff\xd8"),
        ("BMP", b"BM\x8a\x0f\0\0\0"),
    ],
)
def test_texts_and_stubs_are_distinguished(kind: str, data: bytes) -> None:
    """The words of a page decide what it is; cut headers are still known, and letters do not make a bitmap."""
    assert detect_kind(data) == kind


@settings(max_examples=200, deadline=None, database=None)
@given(st.binary(max_size=200))
def test_any_bytes_have_a_kind(data: bytes) -> None:
    """Whatever the bytes, there is a word for them."""
    assert detect_kind(data)


def test_only_pictures_are_kept() -> None:
    """Every format with an extension is a picture format, and pages, films and archives are not."""
    assert set(EXTENSIONS) < IMAGE_KINDS
    assert not {"HTML", "JSON", "MP4 video", "ZIP", "PDF", "text", "empty"} & IMAGE_KINDS
