"""Decoding of pictures; any error in the bytes is raised as ImageRejected, never as another exception."""

import re
import struct
import warnings
import zlib
from io import BytesIO

import numpy as np
from kornia_rs.io import decode_image_png_u8
from PIL import Image, ImageFile, PngImagePlugin

from harvester.errors import ImageRejected
from harvester.imaging.formats import EXTENSIONS, IMAGE_KINDS, detect_kind
from harvester.imaging.truncation import is_truncated, png_chunks
from harvester.imaging.types import ImageLimits

_FRAME, _TABLES, _SCAN, _END = 0xC2, {0xC4, 0xDB}, 0xDA, 0xD9

_HEADER_MARKERS = {_FRAME, *_TABLES, 0xFE, *range(0xE0, 0xF0)}  # comments and application data too

_AFTER_SCAN = re.compile(rb"\xff[^\x00]")  # FF 00 is a byte of the scan


def without_ac_scans(data: bytes) -> bytes | None:
    """The JPEG with empty AC scans; at an eighth of the size it decodes to the same pixels.

    None if the file has an unusual structure; it then has to be decoded as it is.
    """
    pieces, offset = [data[:2]], 2
    try:
        while data[offset] == 0xFF and data[offset + 1] in _HEADER_MARKERS | {_SCAN}:
            end = offset + 2 + int.from_bytes(data[offset + 2 : offset + 4], "big")
            if data[offset + 1] != _SCAN:
                pieces.append(data[offset:end])
                offset = end
            elif next_marker := _AFTER_SCAN.search(data, end):
                is_dc = data[end - 3] == 0  # the first coefficient of the scan
                pieces.append(data[offset : next_marker.start() if is_dc else end])
                offset = next_marker.start()
            else:
                return None
        return b"".join((*pieces, b"\xff\xd9")) if data[offset] == 0xFF and data[offset + 1] == _END else None
    except IndexError:
        return None


DECODE_ERRORS: tuple[type[Exception], ...] = (
    OSError,  # nearly all: "image file is truncated", "broken data stream", "cannot identify image file"
    SyntaxError,  # broken PNG chunks, AVIF frames
    ValueError,  # tiles outside the image, palettes, JPEG 2000 markers, text chunks that are too large
    TypeError,  # TIFF tags of the wrong type
    RuntimeError,  # AVIF: missing items, colour planes
    LookupError,  # truncated GIF and TIFF directories
    ArithmeticError,  # AVIF with a time scale of 0
    AttributeError,
    AssertionError,
    EOFError,  # WebP frames that do not decode
    MemoryError,  # sizes that only a damaged header can state
    SystemError,
    struct.error,
    zlib.error,
    Warning,  # where the program turns Pillow's warnings about damage into errors
)
"""The exceptions of Pillow 13 for damaged files in half a million trials, and related ones."""

_ORIENTATION_TAG, _TYPE_SHORT = 0x0112, 3

_KORNIA_MODES = {"L": "mono", "RGB": "rgb", "RGBA": "rgba"}  # Pillow's mode -> kornia's

_SMALLEST_DRAFT_SCALE = 8  # Pillow's scale of the smallest draft

BOMB_ERRORS: tuple[type[Exception], ...] = (Image.DecompressionBombError, Image.DecompressionBombWarning)
"""Pillow's exceptions for a header or a later frame with more pixels than `set_pixel_limit` allows."""

_MAX_TEXT_BYTES = 64 * 2**20


def set_pixel_limit(max_pixels: int) -> None:
    """Set Pillow's own limit to `ImageLimits.max_pixels`, for the whole process; call it once at the start.

    Without this call `open_picture` also rejects pictures above Pillow's own limit (179 million pixels). Pillow's limit
    on compressed PNG texts is raised from 1 to 64 MiB, as a long text is no reason to reject a picture.
    """
    Image.MAX_IMAGE_PIXELS = max_pixels
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    PngImagePlugin.MAX_TEXT_CHUNK = _MAX_TEXT_BYTES


def open_picture(data: bytes, limits: ImageLimits) -> ImageFile.ImageFile:
    """Open a picture and check its header; no pixel is decoded.

    Raises ImageRejected: not-an-image, format-not-allowed, truncated, broken, too-many-pixels, too-small.
    """
    kind = detect_kind(data)
    if kind not in IMAGE_KINDS:
        raise ImageRejected("not-an-image", kind)
    if kind not in EXTENSIONS or not {kind, "MPO" if kind == "JPEG" else kind} & set(limits.formats):
        raise ImageRejected("format-not-allowed", kind)
    image = _open_with_pillow(data, kind)
    if image.format not in limits.formats:
        raise ImageRejected("format-not-allowed", str(image.format))
    _check_size(image, limits)
    return image


def decode_first_frame(image: ImageFile.ImageFile, data: bytes) -> Image.Image:
    """Decode the first frame of the picture that was opened from `data`.

    Raises ImageRejected: truncated, broken, too-many-pixels, too-expensive.
    """
    return _decode_plain_png(image, data) or _decode_progressive_jpeg(image, data) or _decode_with_pillow(image)


def _decode_plain_png(image: ImageFile.ImageFile, data: bytes) -> Image.Image | None:
    """Decode an ordinary PNG with a decoder in Rust, in a quarter of Pillow's time; None for any other picture.

    PNGs with transparent colours, animation or EXIF are left to Pillow, and so are damaged ones.
    """
    if image.format != "PNG" or image.mode not in _KORNIA_MODES or getattr(image, "is_animated", False):
        return None
    if "transparency" in image.info or [tile.args for tile in image.tile] != [image.mode]:
        return None
    if any(name == b"eXIf" for name, _ in png_chunks(data)):
        return None
    size = (image.height, image.width)
    try:
        np.empty((*size, len(image.mode)), dtype=np.uint8)  # if memory is short, this raises, while Rust would panic
        pixels = decode_image_png_u8(data, size, _KORNIA_MODES[image.mode])
    except Exception:  # the decoder raises no more specific class
        return None
    return Image.frombuffer(image.mode, image.size, pixels, "raw", image.mode, 0, 1)


def _decode_progressive_jpeg(image: ImageFile.ImageFile, data: bytes) -> Image.Image | None:
    """Decode a progressive JPEG at an eighth of its size, in a sixth of the time; None for others and damaged ones."""
    if image.format != "JPEG" or "progressive" not in image.info or image.decoderconfig[:1] != (_SMALLEST_DRAFT_SCALE,):
        return None
    if (dc_only := without_ac_scans(data)) is None:
        return None
    try:
        small = Image.open(BytesIO(dc_only), formats=("JPEG",))
        small.draft(image.mode, (1, 1))  # the smallest scale, an eighth
        small.load()
    except DECODE_ERRORS:
        return None
    return small


def _decode_with_pillow(image: ImageFile.ImageFile) -> ImageFile.ImageFile:
    try:
        image.load()
    except BOMB_ERRORS as error:
        raise ImageRejected("too-many-pixels", str(error).partition(" exceeds")[0]) from error
    except MemoryError as error:
        raise ImageRejected("too-expensive", "needs more memory than allowed") from error
    except DECODE_ERRORS as error:
        raise ImageRejected("truncated" if "runcated" in str(error) else "broken", _error_text(error)) from error
    return image


def require_complete(data: bytes, kind: str) -> None:
    """Check for missing bytes that no decoder reports. Raises ImageRejected: truncated."""
    if is_truncated(data, kind):
        raise ImageRejected("truncated", f"the {kind} file ends after {len(data)} bytes, before its picture does")


def read_orientation(image: Image.Image) -> int:
    """The EXIF orientation, 1 to 8; 1 if there is none or it is invalid.

    Like browsers, and unlike Pillow, it ignores XMP. TIFF is always 1, as Pillow rotates it while decoding. In a PNG it
    may come after the pixels, so read it again after decoding.
    """
    exif = image.info.get("exif")
    return _parse_orientation(exif.removeprefix(b"Exif\0\0")) if isinstance(exif, bytes) else 1


def upright_size(size: tuple[int, int], exif_orientation: int) -> tuple[int, int]:
    """The width and height of the picture after its orientation is applied."""
    return (size[1], size[0]) if exif_orientation >= 5 else size


def _open_with_pillow(data: bytes, kind: str) -> ImageFile.ImageFile:
    try:
        return Image.open(BytesIO(data), formats=(kind,))
    except BOMB_ERRORS as error:
        raise ImageRejected("too-many-pixels", str(error).partition(" exceeds")[0]) from error
    except DECODE_ERRORS as error:
        require_complete(data, kind)
        raise ImageRejected("truncated" if "runcated" in str(error) else "broken", _error_text(error)) from error


def _check_size(image: ImageFile.ImageFile, limits: ImageLimits) -> None:
    if image.width * image.height > limits.max_pixels:
        raise ImageRejected("too-many-pixels", f"{image.width} × {image.height} pixels")
    width, height = upright_size(image.size, read_orientation(image))
    if width < limits.min_width or height < limits.min_height:
        raise ImageRejected("too-small", f"{width} × {height} pixels")


def _parse_orientation(exif: bytes) -> int:
    byte_order = {b"II": "<", b"MM": ">"}.get(exif[:2])
    if byte_order is None:
        return 1
    try:
        (start,) = struct.unpack_from(byte_order + "I", exif, 4)
        (entry_count,) = struct.unpack_from(byte_order + "H", exif, start)
        for offset in range(start + 2, start + 2 + 12 * entry_count, 12):
            tag, field_type, count, value = struct.unpack_from(byte_order + "HHIH", exif, offset)
            if tag == _ORIENTATION_TAG:
                return value if (field_type, count) == (_TYPE_SHORT, 1) and 1 <= value <= 8 else 1
    except struct.error:
        pass
    return 1


def _error_text(error: Exception) -> str:
    """The message of Pillow's error, made understandable."""
    return "the header cannot be read" if "cannot identify" in str(error) else str(error) or type(error).__name__
