"""The bytes of a picture as an export wants them."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlalchemy import Row

from harvester.blobs import BlobStore, digest
from harvester.errors import Refused
from harvester.export.sets.folder import CannotExport
from harvester.export.sets.wish import Wish
from harvester.imaging.convert import process
from harvester.imaging.sniff import EXTENSIONS
from harvester.imaging.values import Options

_JPEGS = ("JPEG", "MPO")


class Renditions:
    """Makes them; its methods may be called from threads. `options` say how pictures are encoded."""

    def __init__(self, blobs: BlobStore, wish: Wish, options: Options) -> None:
        self._blobs = blobs
        self._wish = wish
        self._options = replace(options, format=wish.image, longest=wish.longest)

    def fits(self, blob: Row[Any]) -> bool:
        """Whether the export can hold it: a video only among files that are kept as they are."""
        return blob.format in EXTENSIONS or (self._wish.image == "original" and self._wish.format in ("files", "tags"))

    def ext(self, blob: Row[Any]) -> str:
        """The extension of the rendition, without the dot."""
        if self._wish.image == "original":
            return str(blob.ext)
        return "jpg" if self._wish.image == "jpeg" or blob.format in _JPEGS else "png"

    def stamp(self, blob: Row[Any]) -> str:
        """What the rendition is made of: another stamp, other bytes."""
        if self._wish.image == "original":
            return str(blob.sha256)
        recipe = (self._wish.image, self._wish.longest, self._options.quality, self._options.background)
        return f"{blob.sha256} {' '.join(map(str, recipe))}"

    def source(self, blob: Row[Any]) -> Path:
        """The file of the blob, whole as far as its size tells. Raises CannotExport."""
        path = self._blobs.path(blob.sha256, blob.ext)
        try:
            size = path.stat().st_size
        except OSError:
            raise CannotExport("blob missing") from None
        if size != blob.bytes:
            raise CannotExport("blob damaged")
        return path

    def made(self, blob: Row[Any]) -> bytes | None:
        """The rendition; None where it is the very bytes of the blob. Raises CannotExport."""
        if self._wish.image == "original":
            self.source(blob)
            return None
        try:
            return process(self._read(blob), self._options).rendition
        except Refused as refused:
            raise CannotExport(f"cannot be converted: {refused.reason}") from refused

    def whole(self, blob: Row[Any]) -> bytes:
        """The bytes of the rendition. Raises CannotExport."""
        made = self.made(blob)
        return self._read(blob) if made is None else made

    def _read(self, blob: Row[Any]) -> bytes:
        try:
            data = self.source(blob).read_bytes()
        except OSError as error:
            raise CannotExport(f"blob cannot be read: {error.strerror}") from error
        if digest(data) != blob.sha256:
            raise CannotExport("blob damaged")
        return data
