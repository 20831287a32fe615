"""What a person wants exported, and how: the options of `scrapy export`, checked."""

import re
from dataclasses import dataclass, replace

from harvester.errors import BadInput

PICTURES = ("files", "tags", "imagefolder", "captions", "webdataset", "parquet")
"""Formats that hold pictures."""

ROWS = ("csv", "jsonl")
"""Formats that hold a row for each image, whatever became of it."""

FORMATS = (*PICTURES, *ROWS, "status")
NUMBERED = ("files", "tags")
DEDUPES = ("keep", "best", "all")
IMAGES = ("original", "rgb", "jpeg")

LARGEST = 65_500
"""Pixels: no JPEG is longer."""


@dataclass(frozen=True)
class Wish:
    """One export. `dedupe`: see `picking`; `longest` is the longest side in pixels, 0: as it is."""

    format: str
    dedupe: str = ""
    image: str = ""
    longest: int = 0
    number: bool = False
    dry: bool = False

    def checked(self) -> "Wish":
        """With defaults filled in. Raises BadInput for what makes no sense."""
        if self.format not in FORMATS:
            raise BadInput(f"{self.format}: must be one of {', '.join(FORMATS)}.")
        for option, value, words in (("--dedupe", self.dedupe, DEDUPES), ("--image", self.image, IMAGES)):
            if value and value not in words:
                raise BadInput(f"{option} {value}: must be one of {', '.join(words)}.")
        self._check_pixels()
        if self.number and self.format not in NUMBERED:
            raise BadInput(f"--number: only for {' and '.join(NUMBERED)}, whose names a person reads.")
        if self.dedupe and self.format == "status":
            raise BadInput("--dedupe: the status file has every image of a data set.")
        dedupe = self.dedupe or ("keep" if self.format in PICTURES else "all")
        return replace(self, dedupe=dedupe, image=self.image or ("rgb" if self.longest else "original"))

    def _check_pixels(self) -> None:
        if (self.image or self.longest) and self.format not in PICTURES:
            raise BadInput(f"--image, --resize: {self.format} holds no pictures.")
        if self.longest and self.image == "original":
            raise BadInput("--resize changes pictures, --image original keeps them: give one of the two.")


def whole_number(option: str, text: str | None) -> int:
    """A number of pixels; 0 where none was given. Raises BadInput."""
    if text is None:
        return 0
    if not re.fullmatch("[0-9]{1,5}", text) or not 1 <= int(text) <= LARGEST:
        raise BadInput(f"{option} {text}: must be a whole number from 1 to {LARGEST} (pixels).")
    return int(text)
