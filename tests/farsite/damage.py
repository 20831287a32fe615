"""Ways to spoil the bytes of a good picture, and one picture that is far too large."""

import struct
import zlib


def truncate(data: bytes, share: float) -> bytes:
    """The first part of a file, as a broken transfer leaves it."""
    return data[: int(len(data) * share)]


def without_png_end(data: bytes) -> bytes:
    """A PNG whose pixels are all there; only its closing IEND chunk is gone."""
    return data.removesuffix(png_chunk(b"IEND", b""))


def with_broken_tables(data: bytes) -> bytes:
    """A JPEG whose header tells the size but whose Huffman tables are garbage: every decoder gives up."""
    tables = data.index(b"\xff\xc4") + 4
    return data[:tables] + b"\xa5" * (len(data) - tables)


def png_bomb(side: int = 12000) -> bytes:
    """A valid black 1-bit PNG of `side` × `side` pixels in a few kilobytes."""
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    pixels = zlib.compress(bytes(side * (1 + (side + 7) // 8)), 9)
    chunks = png_chunk(b"IHDR", header), png_chunk(b"IDAT", pixels), png_chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def gzip_bomb(megabytes: int = 200) -> bytes:
    """Gzip data that unpacks to that many megabytes of zeros."""
    packer, block = zlib.compressobj(9, wbits=31), bytes(2**20)
    return b"".join(packer.compress(block) for _ in range(megabytes)) + packer.flush()


def png_chunk(name: bytes, body: bytes) -> bytes:
    """A chunk of a PNG file: length, name, body and checksum."""
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
