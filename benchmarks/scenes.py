"""Pictures that look like photographs to a codec: smooth fields, band-limited noise, a little grain. Pure functions.

The same number always gives the same picture, and every number another one.
"""

from collections.abc import Sequence
from io import BytesIO

import numpy as np
from PIL import Image

Size = tuple[int, int]
"""Width and height in pixels."""

SQUARE: Size = (1024, 1024)
TWENTY_MEGAPIXELS: Size = (5472, 3648)

_ORIENTATION = 0x0112
_FRAMES = 8
_PNG_LEVEL = 4  # of 9: half the time of the usual 6, files a tenth larger
_FAST = Image.Quantize.FASTOCTREE


def jpeg(number: int, size: Size = SQUARE, *, progressive: bool = False, orientation: int = 1) -> bytes:
    """Quality 85, 1 to 3 bits a pixel."""
    picture = _photograph(np.random.default_rng(number), size)
    exif = Image.Exif()
    if orientation != 1:
        exif[_ORIENTATION] = orientation
    return _saved(picture, "JPEG", quality=85, progressive=progressive, exif=exif)


def transparent_png(number: int) -> bytes:
    """RGBA, 480 to 640 pixels each way: as many as a photograph may have to stay below 1000 kB."""
    random = np.random.default_rng(number)
    side = int(random.integers(480, 640))
    picture = _photograph(random, (side, side))
    picture.putalpha(_vignette(random, (side, side)))
    return _saved(picture, "PNG", compress_level=_PNG_LEVEL)


def large_png(number: int, *, alpha: bool) -> bytes:
    """20 megapixels, smoother than a photograph, as PNG does not forgive noise: 5 to 8 bits a pixel."""
    random = np.random.default_rng(number)
    picture = _scene(random, TWENTY_MEGAPIXELS, ((128, 0.5), (32, random.uniform(0.2, 0.5)), (16, 0.05)))
    if alpha:
        picture.putalpha(_vignette(random, TWENTY_MEGAPIXELS))
    return _saved(picture, "PNG", compress_level=_PNG_LEVEL)


def still_gif(number: int) -> bytes:
    """One frame of 640 to 760 pixels each way, 256 colours."""
    random = np.random.default_rng(number)
    side = int(random.integers(640, 760))
    return _saved(_gif_scene(random, (side, side)).quantize(256, _FAST), "GIF")


def animated_gif(number: int) -> bytes:
    """Eight frames of 256 pixels each way: a camera that pans."""
    random = np.random.default_rng(number)
    wide = _gif_scene(random, (256 + 8 * _FRAMES, 256))
    frames = [wide.crop((8 * step, 0, 8 * step + 256, 256)).quantize(128, _FAST) for step in range(_FRAMES)]
    return _saved(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=80, loop=0)


def _photograph(random: np.random.Generator, size: Size) -> Image.Image:
    return _scene(random, size, ((128, 0.5), (32, 0.3), (8, 0.12), (2, random.uniform(0.02, 0.3))))


def _vignette(random: np.random.Generator, size: Size) -> Image.Image:
    return Image.radial_gradient("L").rotate(int(random.integers(360))).resize(size)


def _gif_scene(random: np.random.Generator, size: Size) -> Image.Image:
    return _scene(random, size, ((128, 0.5), (32, 0.3), (8, 0.12), (2, 0.05)))


def _scene(random: np.random.Generator, size: Size, octaves: Sequence[tuple[int, float]]) -> Image.Image:
    """RGB. Each octave is (how many times smaller than the picture, share of fresh noise)."""
    picture = _noise(random, _smaller(size, 256))
    for divisor, share in octaves:
        finer = _smaller(size, divisor)
        picture = Image.blend(picture.resize(finer, Image.Resampling.BICUBIC), _noise(random, finer), share)
    return picture.resize(size, Image.Resampling.BICUBIC)


def _smaller(size: Size, divisor: int) -> Size:
    return max(2, size[0] // divisor), max(2, size[1] // divisor)


def _noise(random: np.random.Generator, size: Size) -> Image.Image:
    return Image.frombytes("RGB", size, random.bytes(3 * size[0] * size[1]))


def _saved(picture: Image.Image, format: str, **options: object) -> bytes:
    file = BytesIO()
    picture.save(file, format, **options)
    return file.getvalue()
