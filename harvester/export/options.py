"""Options of `scrapy export`, and their checks."""

import re
from dataclasses import dataclass, replace
from pathlib import Path

from harvester.errors import UsageProblem
from harvester.items import Collection
from harvester.storage.paths import DataPaths, resolve_folder

PICTURE_FORMATS = ("files", "tags", "imagefolder", "captions", "webdataset", "parquet")
"""Formats that contain pictures."""

ROW_FORMATS = ("csv", "jsonl")
"""Formats with a row for each image, whatever its status."""

FORMATS = (*PICTURE_FORMATS, *ROW_FORMATS, "status")

NUMBERED_FORMATS = ("files", "tags")

DEDUPE_MODES = ("keep", "best", "all")

IMAGE_FORMS = ("original", "rgb", "jpeg")

MAX_SIDE_PIXELS = 65_500
"""Largest side of a JPEG, in pixels."""


@dataclass(frozen=True)
class ExportOptions:
    """The options of one export. For `dedupe` see `selected_images`; `max_side` is in pixels, 0 means unchanged."""

    format: str
    dedupe: str = ""
    image: str = ""
    max_side: int = 0
    number: bool = False
    dry: bool = False

    def with_defaults(self) -> "ExportOptions":
        """The options with defaults filled in. Raises UsageProblem for invalid options or combinations."""
        if self.format not in FORMATS:
            raise UsageProblem(f"{self.format}: must be one of {', '.join(FORMATS)}.")
        for option, value, choices in (("--dedupe", self.dedupe, DEDUPE_MODES), ("--image", self.image, IMAGE_FORMS)):
            if value and value not in choices:
                raise UsageProblem(f"{option} {value}: must be one of {', '.join(choices)}.")
        self._check_pixels()
        if self.number and self.format not in NUMBERED_FORMATS:
            raise UsageProblem(f"--number: only for {' and '.join(NUMBERED_FORMATS)}.")
        if self.dedupe and self.format == "status":
            raise UsageProblem("--dedupe: the status file always has every image of a data set.")
        dedupe = self.dedupe or ("keep" if self.format in PICTURE_FORMATS else "all")
        return replace(self, dedupe=dedupe, image=self.image or ("rgb" if self.max_side else "original"))

    def _check_pixels(self) -> None:
        if (self.image or self.max_side) and self.format not in PICTURE_FORMATS:
            raise UsageProblem(f"--image, --resize: {self.format} contains no images.")
        if self.max_side and self.image == "original":
            raise UsageProblem("--resize changes images and --image original keeps them; use only one of the two.")


def parse_pixels(option: str, text: str | None) -> int:
    """Parse a number of pixels; 0 if none was given. Raises UsageProblem."""
    if text is None:
        return 0
    if not re.fullmatch("[0-9]{1,5}", text) or not 1 <= int(text) <= MAX_SIDE_PIXELS:
        raise UsageProblem(f"{option} {text}: must be a whole number from 1 to {MAX_SIDE_PIXELS} (pixels).")
    return int(text)


def check_export_folder(text: str, places: DataPaths, collections: list[Collection]) -> Path:
    """The folder that --to names. Raises UsageProblem if it belongs to the collection."""
    folder = resolve_folder("--to", text)
    if folder.is_relative_to(places.root):
        raise UsageProblem(f"--to {text}: is in the data directory {places.root}; export to a separate folder.")
    if places.root.is_relative_to(folder):
        raise UsageProblem(f"--to {text}: contains the data directory {places.root}; export to a separate folder.")
    for collection in collections:
        if folder.is_relative_to(places.output(collection)):
            raise UsageProblem(f"--to {text}: crawls write their images there; export to a separate folder.")
    return folder
