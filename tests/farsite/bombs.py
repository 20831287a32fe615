"""Pictures that are meant to harm whoever opens them, and answers that are meant to harm whoever reads them."""

import asyncio
import functools
import io
import struct
import zipfile
import zlib
from collections.abc import Callable

from aiohttp import web

from tests.farsite import pictures
from tests.farsite.damage import png_bomb, png_chunk

_PAUSE = 0.2  # seconds between two bytes


def _kind(name: str) -> bytes:
    return pictures.KINDS[name]()


def _patch(data: bytes, mark: bytes, offset: int, replacement: bytes) -> bytes:
    """With other bytes at an offset behind a mark."""
    at = data.index(mark) + offset
    return data[:at] + replacement + data[at + len(replacement) :]


def _gif_frames() -> bytes:
    """10,000 frames of 9,000 × 9,000 pixels in 200 kB: what is stated is never to be decoded together."""
    head = b"GIF89a" + struct.pack("<HHBBB", 9000, 9000, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff"
    frame = b"\x2c" + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\x02\x02\x44\x01\x00"
    return head + frame * 10_000 + b"\x3b"


def _tiff_pages() -> bytes:
    """A TIFF whose second directory is its own successor."""

    def directory(following: int) -> bytes:
        tags = ((256, 8), (257, 8), (258, 8), (259, 1), (262, 1), (273, 500), (277, 1), (278, 8), (279, 64))
        entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
        return struct.pack("<H", len(tags)) + entries + struct.pack("<I", following)

    first = b"II*\0" + struct.pack("<I", 8) + directory(200)
    return first.ljust(200, b"\0") + directory(200).ljust(300, b"\0") + bytes(64)


def _tiff_deflate() -> bytes:
    """One strip that unpacks to 100 MB, of a picture that says it is 64 × 64."""
    packer, block = zlib.compressobj(9), bytes(2**20)
    strip = b"".join(packer.compress(block) for _ in range(100)) + packer.flush()
    tags = ((256, 64), (257, 64), (258, 8), (259, 8), (262, 1), (273, 200), (277, 1), (278, 64), (279, len(strip)))
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
    return (b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + bytes(4)).ljust(200, b"\0") + strip


def _png_with(name: bytes, body: bytes, times: int = 1) -> bytes:
    png = _kind("png-rgb.png")
    return png[:33] + png_chunk(name, body) * times + png[33:]


def _jpeg_with(marker: int, body: bytes) -> bytes:
    jpeg = _kind("jpeg-rgb.jpg")
    return jpeg[:2] + struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body + jpeg[2:]


def _zip() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("run.sh", "#!/bin/sh\nreboot\n")
    return file.getvalue()


_packed = functools.cache(lambda megabytes: zlib.compress(bytes(megabytes * 2**20), 9))
_HUGE = struct.pack(">HH", 65535, 65535)
_SCRIPT = b"<script>alert(document.domain)</script>"

BOMBS: dict[str, Callable[[], bytes]] = {
    "bomb.png": lambda: png_bomb(30_000),
    "huge.jpg": lambda: _patch(_kind("jpeg-rgb.jpg"), b"\xff\xc0", 5, _HUGE),
    "huge.png": lambda: _patch(_kind("png-rgb.png"), b"IHDR", 4, struct.pack(">II", 2**31 - 1, 2**31 - 1)),
    "huge.gif": lambda: _patch(_kind("gif-still.gif"), b"GIF8", 6, struct.pack("<HH", 65535, 65535)),
    "huge.bmp": lambda: _patch(_kind("bmp.bmp"), b"BM", 18, struct.pack("<II", 2**20, 2**20)),
    "huge.webp": lambda: _patch(_kind("webp-alpha.webp"), b"VP8L", 8, b"\x2f\xff\xff\xff\x1f"),
    "huge.jp2": lambda: _patch(_kind("jpeg2000.jp2"), b"\xff\x51", 6, struct.pack(">II", 2**20, 2**20)),
    "huge.avif": lambda: _patch(_kind("avif.avif"), b"ispe", 8, struct.pack(">II", 2**16, 2**16)),
    "huge.tif": lambda: _patch(_kind("tiff-rgb.tif"), b"\0\1\4\0\1\0\0\0", 8, struct.pack("<I", 2**20)),
    "profile.png": lambda: _png_with(b"iCCP", b"x\0\0" + _packed(100)),
}
"""Much in little: none of them is decoded as far as it wants to be."""

VALID: dict[str, Callable[[], bytes]] = {
    "frames.gif": _gif_frames,
    "pages.tif": _tiff_pages,
    "inflating.tif": _tiff_deflate,
    "texts.png": lambda: _png_with(b"tEXt", b"parameters\0" + b"x" * 60_000, 20),
    "profile.jpg": lambda: _jpeg_with(0xE2, b"ICC_PROFILE\0\1\1" + bytes(range(256)) * 40),
    "exif.jpg": lambda: _jpeg_with(0xE1, b"Exif\0\0II*\0" + b"\xff" * 5000),
    "exif-loop.jpg": lambda: _jpeg_with(
        0xE1, b"Exif\0\0II*\0\x08\0\0\0\x01\0\x69\x87\x04\0\1\0\0\0\x08\0\0\0\x08\0\0\0"
    ),
    "script.jpg": lambda: _jpeg_with(0xFE, _SCRIPT),
    "zip.jpg": lambda: _kind("jpeg-rgb.jpg") + _zip(),
    "program.png": lambda: _kind("png-rgb.png") + b"\x7fELF" + bytes(5000),
    "script.gif": lambda: _kind("gif-still.gif") + b"*/=1;" + _SCRIPT,
    "trailing.webp": lambda: _kind("webp.webp") + _SCRIPT,
}
"""Pictures with something else in them: they are decoded, and lie under the extension of a picture."""

NOT_IMAGES: dict[str, Callable[[], bytes]] = {
    "svg.jpg": lambda: b'<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY a "&a;&a;">]><svg onload="alert(1)">&a;</svg>',
    "pdf.jpg": lambda: _kind("pdf.pdf"),
    "eps.jpg": lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(/etc/passwd) (r) file\n",
    "elf.jpg": lambda: b"\x7fELF\2\1\1" + bytes(5000),
    "exe.jpg": lambda: b"MZ\x90\0" + bytes(5000),
    "shell.jpg": lambda: b"#!/bin/sh\nreboot\n",
    "zip.png": _zip,
    "html.gif": lambda: b"<html>" + _SCRIPT,
    "one.jpg": lambda: b"\xff",
    "two.jpg": lambda: b"\xff\xd8",
    "nothing.jpg": lambda: b"",
    "zeros.jpg": lambda: bytes(100_000),
}
"""No pictures at all, whatever their name says."""

_CACHED = {name: functools.cache(make) for name, make in (BOMBS | VALID | NOT_IMAGES).items()}


def _head(*lines: str, status: str = "200 OK") -> bytes:
    return "\r\n".join((f"HTTP/1.1 {status}", "Content-Type: image/jpeg", *lines, "", "")).encode()


def _nested_gzip() -> bytes:
    body = bytes(100 * 2**20)
    for _ in range(3):
        packer = zlib.compressobj(9, wbits=31)
        body = packer.compress(body) + packer.flush()
    return body


def _with_length(head: tuple[str, ...], body: bytes) -> bytes:
    return _head(*head, f"Content-Length: {len(body)}") + body


RAW: dict[str, Callable[[], bytes]] = {
    "short-length": lambda: _head("Content-Length: 200") + _kind("jpeg-rgb.jpg"),
    "long-length": lambda: _head("Content-Length: 10000000") + _kind("jpeg-rgb.jpg"),
    "silly-length": lambda: _head("Content-Length: -5") + _kind("jpeg-rgb.jpg"),
    "two-lengths": lambda: _head("Content-Length: 5", "Content-Length: 9") + _kind("jpeg-rgb.jpg"),
    "enormous-length": lambda: _head("Content-Length: 99999999999999999999") + _kind("jpeg-rgb.jpg"),
    "enormous-chunk": lambda: _head("Transfer-Encoding: chunked") + b"ffffffffffffffff\r\n" + _kind("jpeg-rgb.jpg"),
    "junk-chunk": lambda: _head("Transfer-Encoding: chunked") + b"no number\r\n" + _kind("jpeg-rgb.jpg"),
    "no-http": lambda: b"\0\xff\xfe not http at all\r\n\r\n",
    "long-header": lambda: _head(f"X-Long: {'x' * 1_000_000}", "Content-Length: 0"),
    "many-headers": lambda: _head(*(f"X-{n}: {n}" for n in range(50_000)), "Content-Length: 0"),
    "deflate-bomb": lambda: _with_length(("Content-Encoding: deflate",), _packed(100)),
    "nested-gzip": lambda: _with_length(("Content-Encoding: gzip, gzip, gzip",), _nested_gzip()),
}
"""Whole answers, head and all, whose connection is closed behind them."""

_RAW = {name: functools.cache(make) for name, make in RAW.items()}


async def _file(request: web.Request) -> web.Response:
    body = await asyncio.to_thread(_CACHED[request.match_info["name"]])
    return web.Response(body=body, headers={"Content-Type": "image/jpeg"})


async def _raw(request: web.Request) -> web.Response:
    body = await asyncio.to_thread(_RAW[request.match_info["name"]])
    assert request.transport is not None
    request.transport.write(body)
    request.transport.close()
    return web.Response()  # finds no connection any more


async def _loris(request: web.Request) -> web.Response:
    """A head that never ends, a byte at a time."""
    while request.transport is not None and not request.transport.is_closing():
        request.transport.write(b"X")
        await asyncio.sleep(_PAUSE)
    return web.Response()


ROUTES: list[web.RouteDef] = [
    web.get("/bombs/{name}", _file),
    web.get("/raw/{name}", _raw),
    web.get("/loris", _loris),
]
