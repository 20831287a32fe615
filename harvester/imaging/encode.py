"""From pixels to bytes: JPEG and PNG without EXIF, colour profile or comment."""

from io import BytesIO

from PIL import Image

from harvester.errors import Refused
from harvester.memory import file_in_memory

_JPEG_SIDE = 65500  # pixels, the most libjpeg writes
_SUBSAMPLED = 95  # quality up to which colours have half the resolution, as in nearly all JPEGs on the web
_PNG_LEVEL = 3  # of 9: photographs as small as with the default 6 in a third of the time, drawings 18 % larger


def encoded(picture: Image.Image, encoding: str, quality: int) -> bytes:
    """A picture in mode RGB as JPEG or PNG. Raises Refused where it is too long for a JPEG."""
    if encoding == "PNG":
        file = BytesIO()
        picture.save(file, "PNG", compress_level=_PNG_LEVEL)
        return file.getvalue()
    if max(picture.size) > _JPEG_SIDE:
        raise Refused("too-many-pixels", f"{picture.width} × {picture.height} pixels do not fit into a JPEG")
    with file_in_memory() as scratch:  # a BytesIO would be written under the interpreter's lock
        picture.save(scratch, "JPEG", quality=quality, subsampling="4:2:0" if quality <= _SUBSAMPLED else "4:4:4")
        scratch.seek(0)
        return scratch.read()


def fitted(picture: Image.Image, longest: int) -> Image.Image:
    """The picture with no side longer than that many pixels, the very object where none is; 0: as long as it is."""
    if not longest or max(picture.size) <= longest:
        return picture
    small = picture.copy()
    small.thumbnail((longest, longest), Image.Resampling.LANCZOS)
    return small


def thumbnail(picture: Image.Image, size: tuple[int, int], quality: int) -> bytes:
    """A JPEG of the picture made to fit into (width, height), never enlarged."""
    small = picture.copy()
    small.thumbnail(size, Image.Resampling.LANCZOS, reducing_gap=2.0)
    return encoded(small, "JPEG", quality)
