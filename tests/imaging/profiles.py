"""ICC profiles built byte by byte, and their colours in sRGB computed from the standard, without a colour library."""

import struct

import numpy as np
from PIL import ImageCms

Numbers = tuple[float, ...]
_WHITE = (0.9642, 1.0, 0.8249)
_SRGB_D50 = np.array(
    [[0.4360747, 0.3850649, 0.1430804], [0.2225045, 0.7168786, 0.0606169], [0.0139322, 0.0971045, 0.7141733]]
)
ADOBE_GAMMA = 563 / 256
ADOBE_D50 = np.array([[0.60974, 0.20528, 0.14919], [0.31111, 0.62567, 0.06322], [0.01947, 0.06087, 0.74457]])


def srgb() -> bytes:
    """The sRGB profile of LittleCMS."""
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def adobe_rgb() -> bytes:
    """An RGB matrix profile with the primaries and the gamma of Adobe RGB (1998)."""
    columns = {name: _xyz(*ADOBE_D50[:, band]) for band, name in enumerate(("rXYZ", "gXYZ", "bXYZ"))}
    curves = {name: _gamma(ADOBE_GAMMA) for name in ("rTRC", "gTRC", "bTRC")}
    return _profile(b"mntr", b"RGB ", b"XYZ ", columns | curves)


def grey(gamma: float) -> bytes:
    """A grey profile."""
    return _profile(b"mntr", b"GRAY", b"XYZ ", {"kTRC": _gamma(gamma)})


def cmyk() -> bytes:
    """A CMYK profile in which cyan ink is a pale green and black ink, or all three colours, is perfectly black."""
    corners = b"".join(_lab8(*cmyk_corner(c, m, y, k)) for c in (0, 1) for m in (0, 1) for y in (0, 1) for k in (0, 1))
    ramp = bytes(range(256))
    matrix = struct.pack(">9i", *(65536 if n % 4 == 0 else 0 for n in range(9)))
    table = b"mft1\0\0\0\0" + bytes([4, 3, 2, 0]) + matrix + ramp * 4 + corners + ramp * 3
    return _profile(b"prtr", b"CMYK", b"Lab ", {"A2B0": table, "A2B1": table})


def cmyk_corner(c: int, m: int, y: int, k: int) -> tuple[int, int, int]:
    """The Lab colour of full inks in the CMYK profile."""
    if k or c + m + y == 3:
        return 0, 0, 0
    return 100 - 20 * (c + m + y), -30 * c + 30 * m, 30 * y


def adobe_to_srgb(colour: Numbers) -> Numbers:
    """What an Adobe RGB colour (0 to 255) is in sRGB."""
    return _encoded(np.linalg.solve(_SRGB_D50, ADOBE_D50 @ (np.array(colour) / 255) ** ADOBE_GAMMA))


def grey_to_srgb(level: float, gamma: float) -> float:
    """What a grey level (0 to 255) of a gamma is in sRGB."""
    return _encoded(np.full(3, (level / 255) ** gamma))[0]


def lab_to_srgb(lightness: float, a: float, b: float) -> Numbers:
    """What a Lab colour (D50) is in sRGB."""
    y = (lightness + 16) / 116
    roots = np.array([y + a / 500, y, y - b / 200])
    xyz = np.where(roots > 6 / 29, roots**3, 3 * (6 / 29) ** 2 * (roots - 4 / 29)) * _WHITE
    return _encoded(np.linalg.solve(_SRGB_D50, xyz))


def _encoded(linear: np.ndarray) -> Numbers:
    linear = linear.clip(0, 1)
    curved = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return tuple(float(part) for part in curved * 255)


def _profile(device: bytes, space: bytes, connection: bytes, tags: dict[str, bytes]) -> bytes:
    tags = {"desc": _description("test"), "cprt": b"text\0\0\0\0none\0", "wtpt": _xyz(*_WHITE)} | tags
    start, table, body = 132 + 12 * len(tags), struct.pack(">I", len(tags)), b""
    for name, value in tags.items():
        table += struct.pack(">4sII", name.encode(), start + len(body), len(value))
        body += value + bytes(-len(value) % 4)
    head = struct.pack(
        ">I4sI4s4s4s6H4s", start + len(body), b"", 0x02100000, device, space, connection, *[1] * 6, b"acsp"
    )
    return (head + bytes(28) + _fixed(*_WHITE)).ljust(128, b"\0") + table + body


def _fixed(*values: float) -> bytes:
    return struct.pack(f">{len(values)}i", *(round(value * 65536) for value in values))


def _xyz(*values: float) -> bytes:
    return b"XYZ \0\0\0\0" + _fixed(*values)


def _gamma(value: float) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(value * 256))


def _lab8(lightness: int, a: int, b: int) -> bytes:
    return bytes([round(lightness * 2.55), a + 128, b + 128])


def _description(words: str) -> bytes:
    return b"desc\0\0\0\0" + struct.pack(">I", len(words) + 1) + words.encode() + b"\0" + bytes(78)
