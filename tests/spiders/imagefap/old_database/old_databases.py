"""Writes databases as the old tool did: the layout of its README, version 1 and version 2, with blobs beside them."""

import hashlib
import io
import pickle
from pathlib import Path
from typing import Any

import imagehash
import numpy as np
from PIL import Image

from tests.farsite import pictures

LAYOUTS = ("readme", "v1", "v2")
TIME = 1_680_000_000

BODIES = [pictures.photo(n, 96, 64) for n in range(4)]
SHAS = [hashlib.sha256(body).hexdigest() for body in BODIES]
PLACES = {
    SHAS[0]: [(111, "a.jpg", 1001, 501), (112, "a again.jpg", 1001, 502)],
    SHAS[1]: [(113, "b.jpg", 1001, 501)],
    SHAS[2]: [(114, "c.jpg", 1001, 501), (114, "c.jpg", 1001, 502)],
    SHAS[3]: [(115, "d.jpg", 1001, 502)],
}
"""Image, file, user, folder. Image 116 of folder 501 was never fetched, 117 of folder 502 failed twice."""

ORDER = {501: [114, 111, 113, 116], 502: [112, 115, 114]}
TAGS = {1: {"name": "Places", "tags": {3: {"name": "Lakes", "tags": {}}}}, 2: {"name": "Good", "tags": None}}
VERDICTS = {SHAS[0]: "keep", SHAS[1]: "skip", SHAS[2]: "false"}


def content(layout: str = "v1") -> dict[str, Any]:
    """Everything the database holds, as Python values."""
    users: dict[int, Any] = {1001: {"name": "Alice & Co", "date_albums": TIME, "date_finished": 0}}
    if layout == "readme":
        users = {1001: "Alice & Co"}
    elif layout == "v2":
        users[1001]["date_audit"] = TIME
    database: dict[str, Any] = {
        "users": users,
        "favorites": {1001: {number: _folder(number, layout) for number in ORDER}},
        "tags": TAGS,
        "blobs": {sha: _blob(number, sha, layout) for number, sha in enumerate(SHAS)},
        "image_ids_index": {place[0]: sha for sha, places in PLACES.items() for place in places},
    }
    if layout == "readme":
        return database | {"duplicates_index": {tuple(sorted(VERDICTS)): VERDICTS}}
    group = {"sources": {"percept": {(SHAS[0], SHAS[1]): np.int64(3)}}, "verdicts": VERDICTS}
    undecided = {"sources": {}, "verdicts": {SHAS[2]: "new", SHAS[3]: "new"}}
    groups = {tuple(sorted(VERDICTS)): group, tuple(sorted(undecided["verdicts"])): undecided}
    index = {sha: tuple(sorted(VERDICTS)) for sha in VERDICTS}
    configs = {"duplicates_sensitivity_regular": {"cnn": 0.95}, "duplicates_sensitivity_animated": {"cnn": 0.97}}
    return database | {"configs": configs, "duplicates_registry": groups, "duplicates_key_index": index}


def write(folder: Path, value: object = None, *, layout: str = "v1", protocol: int = 4, blobs: bool = True) -> Path:
    """Write a database (of any value) and its blobs; returns the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    data = pickle.dumps(content(layout) if value is None else value, protocol)
    (folder / "imagefap.database").write_bytes(data)
    if blobs:
        (folder / "blobs").mkdir(exist_ok=True)
        for sha, body in zip(SHAS, BODIES, strict=True):
            (folder / "blobs" / f"{sha}.jpg").write_bytes(body)
    return folder


def _folder(number: int, layout: str) -> dict[str, Any]:
    folder: dict[str, Any] = {"name": f"Folder <{number}>", "pages": 2, "images": ORDER[number], "date_blobs": TIME}
    if layout != "v2":
        folder["date_straight"] = TIME + 5
    if layout != "readme":
        link = "https://files.test/117.jpg"
        folder["failed_images"] = {(117, TIME, None, None), (117, TIME + 1, "e.jpg", link)} if number == 502 else set()
    return folder


def _blob(number: int, sha: str, layout: str) -> dict[str, Any]:
    picture = Image.open(io.BytesIO(BODIES[number]))
    places = PLACES[sha]
    blob: dict[str, Any] = {
        "loc": {(image, f"https://files.test/{image}.jpg", file, user, at) for image, file, user, at in places},
        "tags": {3, 2} if number == 0 else set(),
        "sz": len(BODIES[number]),
        "ext": "jpg",
        "percept": str(imagehash.phash(picture)),
        "width": 96,
        "height": 64,
        "animated": False,
    }
    if layout == "readme":
        return blob
    others = {"average": imagehash.average_hash, "diff": imagehash.dhash, "wavelet": imagehash.whash}
    blob |= {name: str(make(picture)) for name, make in others.items()}
    blob |= {"sz_thumb": 900, "cnn": np.linspace(0, 1, 576, dtype=np.float32)}
    if layout == "v2":
        verdicts = ("keep", "skip") if number == 0 else ("new", "new")
        blob["loc"] = {
            (user, at, image): (file, verdict)
            for (image, file, user, at), verdict in zip(places, verdicts, strict=False)
        }
        blob |= {"date": TIME, "gone": {113: (TIME, 2, "https://site.test/photo/113/")} if number == 1 else {}}
    return blob
