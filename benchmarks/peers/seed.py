"""The way of the script this project began with: requests, twenty threads, Pillow, one JPEG each.

    python seed.py URLS FOLDER

Written anew after its description. The script itself fails on palettes without transparency; this one converts all.
"""

import json
import sys
from concurrent.futures import ThreadPoolExecutor, as_completed
from io import BytesIO
from pathlib import Path

import requests
from PIL import Image

WORKERS = 20


def main(urls: str, folder: str) -> None:
    """Download all, then write the status file."""
    listed = Path(urls).read_text().split()
    Path(folder).mkdir(parents=True)
    status = []
    with ThreadPoolExecutor(WORKERS) as pool:
        waiting = {pool.submit(_save, url, Path(folder, f"0_{number}_0.jpg")): url for number, url in enumerate(listed)}
        for done in as_completed(waiting):
            error = done.exception()
            status.append({"url": waiting[done], "success": error is None, "error": str(error) if error else None})
    Path(folder, "download_status.json").write_text(json.dumps(status, indent=4))


def _save(url: str, path: Path) -> None:
    answer = requests.get(url, timeout=10)
    answer.raise_for_status()
    picture = Image.open(BytesIO(answer.content))
    if picture.mode in ("RGBA", "P"):
        picture = picture.convert("RGB")
    picture.save(path, "JPEG")


if __name__ == "__main__":
    main(*sys.argv[1:])
