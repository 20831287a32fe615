"""The pictures farsite paints: one small scene for the file kinds, and landscapes and paintings without number."""

import colorsys
import functools

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Pixels = NDArray[np.float32]
_WIDTH, _HEIGHT = 320, 240
_BLOBS = [  # centre x, centre y, radius, colour
    (0.20, 0.30, 0.16, (235, 30, 35)),
    (0.52, 0.22, 0.13, (250, 215, 30)),
    (0.80, 0.35, 0.18, (25, 190, 60)),
    (0.35, 0.72, 0.20, (30, 60, 225)),
    (0.72, 0.78, 0.15, (210, 40, 200)),
]


@functools.cache
def scene(width: int = _WIDTH, height: int = _HEIGHT) -> Image.Image:
    """Soft coloured blobs before a gradient, with a little noise as a camera would add."""
    x, y = _grid(width, height)
    pixels = _gradient(y, (205, 220, 235), (70, 60, 55))
    for spot in _BLOBS:
        pixels = _with_spot(pixels, x, y, *spot)
    return _as_image(pixels, np.random.default_rng(7))


def cutout() -> Image.Image:
    """The scene as RGBA: opaque in an ellipse with a soft edge; the invisible pixels around it are pure red."""
    x, y = _grid(_WIDTH, _HEIGHT)
    edge = 7 - 6 * np.hypot((x - 0.5) / 0.45, (y - 0.5) / 0.45)
    opacity = (np.clip(edge, 0, 1) * 255).astype(np.uint8)
    rgb = np.asarray(scene()).copy()
    rgb[opacity == 0] = (255, 0, 0)
    return Image.fromarray(np.dstack([rgb, opacity]))


def upright() -> Image.Image:
    """The scene with an arrow that points up and the word UP: anybody sees when it lies on its side."""
    picture = scene().copy()
    draw = ImageDraw.Draw(picture)
    draw.polygon([(160, 15), (235, 100), (185, 100), (185, 160), (135, 160), (135, 100), (85, 100)], fill="white")
    draw.text((160, 200), "UP", fill="black", font=ImageFont.load_default(60), anchor="mm")
    return picture


def frames() -> list[Image.Image]:
    """Three frames for animations: the scene, its negative, the scene upside down."""
    picture = scene()
    negative = Image.fromarray(255 - np.asarray(picture))
    return [picture.copy(), negative, picture.transpose(Image.Transpose.ROTATE_180)]


def half_flat_half_ramp() -> NDArray[np.uint16]:
    """16-bit grey values: 40000 everywhere in the left half, a ramp from 0 to 65535 in the right half."""
    values = np.full((_HEIGHT, _WIDTH), 40000, dtype=np.uint16)
    values[:, _WIDTH // 2 :] = np.linspace(0, 65535, _WIDTH // 2).astype(np.uint16)
    return values


def landscape(n: int, width: int, height: int) -> Image.Image:
    """Hills below a sky with a sun: hour, season, weather and shapes all follow from `n`."""
    rng = np.random.default_rng(n)
    x, y = _grid(width, height)
    hue, light = rng.random(), rng.random() < 0.7
    top = _colour(hue, rng.uniform(0.4, 0.8), 0.8 if light else 0.15)
    bottom = _colour(hue + rng.uniform(-0.2, 0.2), rng.uniform(0.15, 0.6), rng.uniform(0.7, 1.0) if light else 0.4)
    pixels = _with_sun(_gradient(y, top, bottom), rng, x * np.float32(width / height), y, width / height)
    for _ in range(rng.integers(1, 4)):
        pixels = _with_cloud(pixels, rng, x, y)
    pixels = _with_hills(pixels, rng, x, y)
    return _as_image(pixels, rng)


def painting(seed: int, width: int, height: int) -> Image.Image:
    """Soft coloured spots before a gradient, all of which follow from `seed`: no two look alike."""
    rng = np.random.default_rng(seed)
    x, y = _grid(width, height)
    turn = rng.uniform(0, 2 * np.pi)
    along = 0.5 + (np.float32(np.cos(turn)) * (x - 0.5) + np.float32(np.sin(turn)) * (y - 0.5)) / 1.5
    ends = (_colour(rng.random(), 0.5, rng.uniform(0.1, 1)) for _ in range(2))
    pixels = _gradient(along, *ends)
    for _ in range(rng.integers(5, 12)):
        position = rng.random(), rng.random(), rng.uniform(0.06, 0.25)
        pixels = _with_spot(pixels, x, y, *position, _colour(rng.random(), rng.uniform(0.4, 1), rng.uniform(0.1, 1)))
    return _as_image(pixels, rng)


def _with_spot(
    pixels: Pixels, x: Pixels, y: Pixels, centre_x: float, centre_y: float, radius: float, colour: tuple[float, ...]
) -> Pixels:
    distance = (x - centre_x) ** 2 + (y - centre_y) ** 2
    return _over(pixels, np.exp(-distance / radius**2 * 1.5), colour)


def _with_sun(pixels: Pixels, rng: np.random.Generator, x: Pixels, y: Pixels, width: float) -> Pixels:
    radius = rng.uniform(0.04, 0.16)
    distance = np.hypot(x - rng.uniform(0.1, 0.9) * width, y - rng.uniform(0.1, 0.5))
    colour = _colour(rng.uniform(0.02, 0.16), rng.uniform(0.1, 0.7), 1.0)
    glowing = _over(pixels, 0.5 * np.exp(-distance / radius / 2), colour)
    return _over(glowing, np.clip((radius - distance) * 150, 0, 1), colour)


def _with_cloud(pixels: Pixels, rng: np.random.Generator, x: Pixels, y: Pixels) -> Pixels:
    centre_x, centre_y, long, thick = rng.random(), rng.uniform(0.05, 0.45), rng.uniform(0.1, 0.3), 0.05
    ripple = 0.03 * np.sin(x * rng.uniform(15, 40))
    cover = np.exp(-(((x - centre_x) / long) ** 2) - ((y - centre_y + ripple) / thick) ** 2)
    return _over(pixels, 0.8 * cover, _colour(rng.random(), 0.1, rng.uniform(0.5, 1.0)))


def _with_hills(pixels: Pixels, rng: np.random.Generator, x: Pixels, y: Pixels) -> Pixels:
    layers, hue, horizon = int(rng.integers(2, 6)), rng.random(), rng.uniform(0.35, 0.65)
    first, last = rng.uniform(0.1, 0.9, 2)
    for layer in range(layers):
        share = layer / layers
        ridge: Pixels = np.full_like(x, horizon + (1 - horizon) * share)
        for wave in (1, 2, 4, 9):
            swing, turn = rng.uniform(0, 0.16 / wave), rng.uniform(0, 2 * np.pi)
            ridge = ridge + swing * np.sin(2 * np.pi * wave * rng.uniform(0.6, 1.3) * x + turn)
        colour = _colour(hue + 0.15 * share, 0.35 + 0.4 * share, first + (last - first) * share)
        pixels = _over(pixels, np.clip((y - ridge) * 300, 0, 1), colour)
    return pixels


def _grid(width: int, height: int) -> tuple[Pixels, Pixels]:
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    return (x + 0.5) / width, (y + 0.5) / height


def _gradient(y: Pixels, top: tuple[float, ...], bottom: tuple[float, ...]) -> Pixels:
    return _over(np.tile(np.array(top, np.float32), (*y.shape, 1)), y, bottom)


def _over(pixels: Pixels, cover: Pixels, colour: tuple[float, ...]) -> Pixels:
    return pixels + cover[..., None] * (np.array(colour, np.float32) - pixels)


def _colour(hue: float, saturation: float, value: float) -> tuple[float, ...]:
    return tuple(255 * part for part in colorsys.hsv_to_rgb(hue % 1, saturation, value))


def _as_image(pixels: Pixels, rng: np.random.Generator) -> Image.Image:
    noisy = pixels + 3 * rng.standard_normal((*pixels.shape[:2], 1), dtype=np.float32)
    return Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8))
