"""The pictures that the benchmarks harvest: made once, kept in a cache folder, the same on every machine.

    python -m benchmarks.photos [--images 2000] [--folder FOLDER]

75 % JPEG of 1024 x 1024, every fifth of them progressive and one in twenty EXIF-rotated, 20 % RGBA PNG of
480 to 640 pixels each way, 5 % GIF, every other one animated; 100 to 1000 kB each.
"""

import argparse
import os
import shutil
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

from benchmarks import scenes
from benchmarks.measure import CACHE

PICTURES_VERSION = 3
"""Goes up whenever the same number gets another picture."""

Paint = Callable[[int], tuple[str, bytes]]
"""Number -> (extension, bytes); a function of a module, so that a process pool can call it."""


def main() -> int:
    """Make the set and say what it holds."""
    parser = argparse.ArgumentParser(description="Make the pictures that the benchmarks harvest.")
    parser.add_argument("--images", type=int, default=2000)
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    names = photos(options.images, options.folder)
    folder = options.folder or CACHE / str(options.images)
    sizes = sorted((folder / name).stat().st_size // 1000 for name in names)
    print(f"{len(names)} pictures, {sum(sizes) // 1000} MB in {folder}; kB each: ", end="")
    print(f"{sizes[0]} at least, {sizes[len(sizes) // 2]} in the middle, {sizes[-1]} at most")
    return 0


def photos(count: int, folder: Path | None = None) -> list[str]:
    """The usual set: file names in `folder`, by default the cache folder of that size."""
    return ensure_pictures(folder or CACHE / str(count), count, photo)


def ensure_pictures(folder: Path, count: int, paint: Paint) -> list[str]:
    """The names of the pictures 0 to `count` - 1; what is not complete is made anew."""
    marker = folder / ".complete"
    version_line = f"{PICTURES_VERSION} {count}"
    if not (marker.is_file() and marker.read_text() == version_line):
        print(f"painting {count} pictures into {folder} …", file=sys.stderr, flush=True)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        with ProcessPoolExecutor(len(os.sched_getaffinity(0))) as pool:
            list(pool.map(partial(_paint, folder, paint), range(count), chunksize=4))
        marker.write_text(version_line)
    return sorted(path.name for path in folder.iterdir() if path != marker)


def photo(number: int) -> tuple[str, bytes]:
    """One picture of the usual set. The kinds are mixed: each twenty in a row hold 15 JPEG, 4 PNG and 1 GIF."""
    twenty, place = divmod(number, 20)
    kind = place * 7 % 20
    if kind < 15:
        return "jpg", _jpeg(number, 15 * twenty + kind)
    if kind < 19:
        return "png", scenes.transparent_png(number)
    return "gif", scenes.animated_gif(number) if twenty % 2 else scenes.still_gif(number)


def _jpeg(number: int, serial: int) -> bytes:
    if serial % 20 == 7:
        return scenes.jpeg(number, orientation=6 if serial % 40 == 7 else 8)
    return scenes.jpeg(number, progressive=serial % 5 == 0)


def large_photo(number: int) -> tuple[str, bytes]:
    """One picture of 20 megapixels: a JPEG, a PNG, a JPEG that has to be turned, a PNG with alpha, and so on."""
    size, kind = scenes.TWENTY_MEGAPIXELS, number % 4
    if kind % 2:
        return "png", scenes.large_png(number, alpha=kind == 3)
    return "jpg", scenes.jpeg(number, size, orientation=6 if kind == 2 else 1)


def _paint(folder: Path, paint: Paint, number: int) -> None:
    extension, data = paint(number)
    (folder / f"{number:05}.{extension}").write_bytes(data)


if __name__ == "__main__":
    sys.exit(main())
