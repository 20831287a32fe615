"""`make bench-micro`: what each step costs, by kind of picture: milliseconds of processor time on one thread, medians.

python -m benchmarks.micro [--pictures 8] [--repeats 5]
"""

import argparse
import sys
from collections.abc import Callable, Mapping
from functools import partial
from io import BytesIO
from statistics import median
from time import thread_time

import imagehash
from PIL import Image

from benchmarks import scenes, table
from harvester.imaging.convert import process_image
from harvester.imaging.fingerprint import compute_hashes
from harvester.imaging.types import ConversionOptions
from harvester.storage.blobs import digest

KINDS: Mapping[str, Callable[[int], bytes]] = {
    "baseline JPEG": scenes.jpeg,
    "progressive JPEG": partial(scenes.jpeg, progressive=True),
    "rotated JPEG": partial(scenes.jpeg, orientation=6),
    "RGBA PNG": scenes.transparent_png,
    "still GIF": scenes.still_gif,
    "animated GIF": scenes.animated_gif,
}
DRAFT = (256, 256)


def main() -> int:
    """One row per step, one column per kind."""
    parser = argparse.ArgumentParser(description="What each step costs, by kind of picture.")
    parser.add_argument("--pictures", type=int, default=8)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    print(f"{table.machine()}; milliseconds, medians of {options.pictures} pictures, each {options.repeats} times")
    columns = [_column(kind, options.pictures, options.repeats) for kind in KINDS.values()]
    rows = [[step, *(column.get(step, "–") for column in columns)] for step in columns[0]]
    table.show(["", *KINDS], rows)
    return 0


def _column(kind: Callable[[int], bytes], pictures: int, repeats: int) -> dict[str, str]:
    times: dict[str, list[float]] = {}
    sizes = []
    for number in range(pictures):
        data = kind(number)
        sizes.append(len(data) / 1000)
        for step, call in _steps(data).items():
            times.setdefault(step, []).extend(_time_call(call) for _ in range(repeats))
    return {"kB": f"{median(sizes):.0f}"} | {step: f"{1000 * median(seconds):.2f}" for step, seconds in times.items()}


def _time_call(call: Callable[[], object]) -> float:
    before = thread_time()
    call()
    return thread_time() - before


def _steps(data: bytes) -> dict[str, Callable[[], object]]:
    done = process_image(data, ConversionOptions())
    picture, plane = _decoded(data).convert("RGB"), done.plane
    steps: dict[str, Callable[[], object]] = {
        "sha256": partial(digest, data),
        "all of process()": partial(process_image, data, ConversionOptions()),
        "Pillow: decode, full": partial(_decoded, data),
    }
    if done.facts.format == "JPEG":
        steps["decode, reduced"] = partial(_reduced, data)
    return steps | {
        "encode JPEG, quality 95": partial(_encoded, picture),
        "all four hashes of the plane": partial(compute_hashes, plane),
        "imagehash: phash": partial(imagehash.phash, plane),
        "imagehash: dhash": partial(imagehash.dhash, plane),
        "imagehash: average": partial(imagehash.average_hash, plane),
        "imagehash: whash": partial(imagehash.whash, plane, image_scale=64),
    }


def _decoded(data: bytes) -> Image.Image:
    image = Image.open(BytesIO(data))
    image.load()
    return image


def _reduced(data: bytes) -> None:
    image = Image.open(BytesIO(data))
    image.draft("L", DRAFT)
    image.load()


def _encoded(picture: Image.Image) -> None:
    picture.save(BytesIO(), "JPEG", quality=95)


if __name__ == "__main__":
    sys.exit(main())
