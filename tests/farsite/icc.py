"""A hand-made ICC profile whose colours reach further than sRGB."""

import struct

from PIL import ImageCms

_CREATION_DATE = struct.pack(">6H", 2000, 1, 1, 0, 0, 0)
_WHITE = (0.9642, 1.0, 0.8249)
_PRIMARIES = {
    "rXYZ": (0.60974, 0.31111, 0.01947),
    "gXYZ": (0.20528, 0.62567, 0.06087),
    "bXYZ": (0.14919, 0.06322, 0.74457),
}
_GAMMA = 563 / 256


def wide_gamut() -> bytes:
    """A minimal RGB display profile (ICC version 2) with the primaries and the gamma of Adobe RGB (1998)."""
    tags = {"desc": _description("Farsite wide gamut"), "cprt": _text("no copyright"), "wtpt": _xyz(_WHITE)}
    tags |= {name: _xyz(colour) for name, colour in _PRIMARIES.items()}
    tags |= {name: _gamma(_GAMMA) for name in ("rTRC", "gTRC", "bTRC")}
    return _assemble(tags)


def srgb() -> bytes:
    """The sRGB profile of LittleCMS, with its date of making fixed so that the bytes never differ."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return profile[:24] + _CREATION_DATE + profile[36:]


def _assemble(tags: dict[str, bytes]) -> bytes:
    table, body = struct.pack(">I", len(tags)), b""
    start = 128 + 4 + 12 * len(tags)
    for name, value in tags.items():
        table += struct.pack(">4sII", name.encode(), start + len(body), len(value))
        body += value + bytes(-len(value) % 4)
    return _header(start + len(body)) + table + body


def _header(size: int) -> bytes:
    kind = struct.pack(">I4sI4s4s4s", size, b"none", 0x02100000, b"mntr", b"RGB ", b"XYZ ")
    return (kind + _CREATION_DATE + b"acsp" + bytes(28) + _numbers(_WHITE)).ljust(128, b"\0")


def _numbers(values: tuple[float, ...]) -> bytes:
    return struct.pack(f">{len(values)}i", *(round(value * 65536) for value in values))


def _xyz(values: tuple[float, float, float]) -> bytes:
    return b"XYZ \0\0\0\0" + _numbers(values)


def _gamma(value: float) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(value * 256))


def _text(text: str) -> bytes:
    return b"text\0\0\0\0" + text.encode() + b"\0"


def _description(text: str) -> bytes:
    ascii_text = text.encode() + b"\0"
    return b"desc\0\0\0\0" + struct.pack(">I", len(ascii_text)) + ascii_text + bytes(4 + 4 + 2 + 1 + 67)
