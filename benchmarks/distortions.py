"""A labelled set for `benchmarks.accuracy`: photographs from Debian's wallpaper packages, each in many versions.

    python -m benchmarks.distortions FOLDER

Files are named `family--version.ext`: what has the same family is the same picture. Drawings, logos and pictures of
which a package has several sizes are left out. Halves of photographs, and flat pictures, are families of their own.
"""

import random
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from PIL import Image, ImageDraw, ImageEnhance, ImageFont, ImageOps

PACKAGES = ("lomiri-wallpapers-16.04", "mate-backgrounds", "plasma-workspace-wallpapers", "ukui-wallpapers")
PHOTOS = (
    "backgrounds/*_by_*.jpg",
    "backgrounds/mate/nature/*.jpg",
    "backgrounds/calla.png",
    "backgrounds/the-mouse.jpg",
    *(
        f"wallpapers/{name}/contents/images/2560x1600.*"
        for name in (
            *("Autumn", "BytheWater", "ColdRipple", "ColorfulCups", "DarkestHour", "EveningGlow", "FallenLeaf", "Grey"),
            *("Kite", "OneStandsOut", "Path"),
        )
    ),
)
SIDE = 800  # pixels, the longer one
ROTATIONS = {
    "turned: flipped": Image.Transpose.FLIP_LEFT_RIGHT,
    "turned: upside down": Image.Transpose.ROTATE_180,
    "turned: by 90 degrees": Image.Transpose.ROTATE_90,
}

Version = Callable[[Image.Image], Image.Image]


def photographs() -> list[Path]:
    """Their files, in a fixed order."""
    return sorted(path for pattern in PHOTOS for path in Path("/usr/share").glob(pattern))


def _resized(part: float) -> Version:
    return lambda picture: picture.resize((round(picture.width * part), round(picture.height * part)))


def _cropped(part: float) -> Version:
    """So much of each side is cut away, unevenly: a third of it left and top."""

    def crop(picture: Image.Image) -> Image.Image:
        width, height = round(picture.width * part), round(picture.height * part)
        return picture.crop(
            (width // 3, height // 3, picture.width - (width - width // 3), picture.height - height + height // 3)
        )

    return crop


def _bordered(part: float, colour: str) -> Version:
    return lambda picture: ImageOps.expand(picture, round(part * min(picture.size)), colour)


def _marked(picture: Image.Image) -> Image.Image:
    marked = picture.copy()
    font = ImageFont.load_default(picture.width // 16)
    ImageDraw.Draw(marked, "RGBA").text(
        (picture.width // 2, picture.height - 60), "example.org", (255, 255, 255, 160), font
    )
    return marked


def _tiled(picture: Image.Image) -> Image.Image:
    marked = picture.copy()
    draw, font = ImageDraw.Draw(marked, "RGBA"), ImageFont.load_default(picture.width // 14)
    for row in range(0, picture.height, picture.height // 4):
        for column in range(0, picture.width, picture.width // 2):
            draw.text((column, row), "© sample", (255, 255, 255, 90), font)
    return marked


def _tilted(picture: Image.Image) -> Image.Image:
    return picture.rotate(2, Image.Resampling.BICUBIC)


VERSIONS: Mapping[str, tuple[Version, str, int]] = {
    "re-encoded: PNG": (lambda picture: picture, "png", 0),
    "re-encoded: JPEG 75": (lambda picture: picture, "jpg", 75),
    "re-encoded: JPEG 20": (lambda picture: picture, "jpg", 20),
    "re-encoded: WebP 50": (lambda picture: picture, "webp", 50),
    "resized: half": (_resized(0.5), "jpg", 85),
    "resized: a fifth": (_resized(0.2), "jpg", 85),
    "resized: squeezed": (lambda picture: picture.resize((picture.width, round(picture.height * 0.8))), "jpg", 85),
    "colour: brighter": (lambda picture: ImageEnhance.Brightness(picture).enhance(1.3), "jpg", 85),
    "colour: darker": (lambda picture: ImageEnhance.Brightness(picture).enhance(0.6), "jpg", 85),
    "colour: contrast": (lambda picture: ImageEnhance.Contrast(picture).enhance(1.4), "jpg", 85),
    "colour: grey": (lambda picture: picture.convert("L").convert("RGB"), "jpg", 85),
    "colour: warm": (lambda picture: ImageEnhance.Color(picture).enhance(1.8), "jpg", 85),
    "marked: corner": (_marked, "jpg", 85),
    "marked: all over": (_tiled, "jpg", 85),
    "cropped: 2 %": (_cropped(0.02), "jpg", 85),
    "cropped: 5 %": (_cropped(0.05), "jpg", 85),
    "cropped: 10 %": (_cropped(0.10), "jpg", 85),
    "cropped: 20 %": (_cropped(0.20), "jpg", 85),
    "border: 2 %": (_bordered(0.02, "black"), "jpg", 85),
    "border: 8 %": (_bordered(0.08, "white"), "jpg", 85),
    "tilted: 2 degrees": (_tilted, "jpg", 85),
    **{word: (lambda picture, turn=turn: picture.transpose(turn), "jpg", 85) for word, turn in ROTATIONS.items()},
}  # type: ignore[dict-item]
ORIGINAL = "original"


def write(folder: Path) -> None:
    """The whole set, into a new folder."""
    folder.mkdir(parents=True)
    for number, path in enumerate(photographs()):
        with Image.open(path) as file:
            picture = file.convert("RGB")
        picture.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
        picture.save(folder / f"{number:03}--{ORIGINAL}.jpg", quality=92)
        for word, (change, ext, quality) in VERSIONS.items():
            options = {"quality": quality} if quality else {}
            change(picture).save(folder / f"{number:03}--{_file_word(word)}.{ext}", **options)
        middle = picture.width // 2
        for side, box in (("left", (0, 0, middle, picture.height)), ("right", (middle, 0, *picture.size))):
            picture.crop(box).save(folder / f"{number:03}{side}--{ORIGINAL}.jpg", quality=92)
    for name, image in _low_detail_pictures():
        image.save(folder / f"flat{name}--{ORIGINAL}.jpg", quality=80)


def _file_word(word: str) -> str:
    return word.replace(": ", "-").replace(" %", "").replace(" ", "_")


FILE_WORDS = {_file_word(word): word for word in VERSIONS}


def _low_detail_pictures() -> Iterator[tuple[str, Image.Image]]:
    """Blank pages, single colours, gradients: not the same picture, though their hashes are."""
    rng = random.Random(8)
    for number in range(10):
        colour = tuple(rng.randrange(256) for _ in range(3))
        yield f"colour{number}", Image.new("RGB", (600 + 20 * number, 400), colour)
        gradient = ImageOps.colorize(Image.linear_gradient("L"), colour, "white").resize((500, 400 + 10 * number))
        yield f"gradient{number}", gradient


if __name__ == "__main__":
    write(Path(sys.argv[1]))
