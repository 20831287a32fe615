"""Renditions: the bytes of pictures in the form that an export needs."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlalchemy import Row

from harvester.errors import ImageRejected
from harvester.export.options import ExportOptions
from harvester.export.output_folder import CannotExport
from harvester.imaging.convert import process_image
from harvester.imaging.formats import EXTENSIONS
from harvester.imaging.types import ConversionOptions
from harvester.storage.blobs import BlobStore, digest

_JPEGS = ("JPEG", "MPO")


class Renditions:
    """Makes renditions; the methods may be called from threads. `options` say how pictures are encoded."""

    def __init__(self, blobs: BlobStore, export_options: ExportOptions, options: ConversionOptions) -> None:
        self._blobs = blobs
        self._export_options = export_options
        self._options = replace(options, format=export_options.image, max_side=export_options.max_side)

    def can_hold(self, blob: Row[Any]) -> bool:
        """Whether the export can contain a blob; videos fit only where files are exported unchanged."""
        return blob.format in EXTENSIONS or (
            self._export_options.image == "original" and self._export_options.format in ("files", "tags")
        )

    def ext(self, blob: Row[Any]) -> str:
        """The extension of the rendition, without the dot."""
        if self._export_options.image == "original":
            return str(blob.ext)
        return "jpg" if self._export_options.image == "jpeg" or blob.format in _JPEGS else "png"

    def stamp(self, blob: Row[Any]) -> str:
        """A text that identifies the rendition: it changes if the bytes change."""
        if self._export_options.image == "original":
            return str(blob.sha256)
        parameters = (
            self._export_options.image,
            self._export_options.max_side,
            self._options.quality,
            self._options.background,
        )
        return f"{blob.sha256} {' '.join(map(str, parameters))}"

    def find_blob_file(self, blob: Row[Any]) -> Path:
        """The file of a blob, checked by its size. Raises CannotExport."""
        path = self._blobs.path(blob.sha256, blob.ext)
        try:
            size = path.stat().st_size
        except OSError:
            raise CannotExport("blob missing") from None
        if size != blob.bytes:
            raise CannotExport("blob damaged")
        return path

    def make_rendition(self, blob: Row[Any]) -> bytes | None:
        """The rendition; None if it is identical to the blob. Raises CannotExport."""
        if self._export_options.image == "original":
            self.find_blob_file(blob)
            return None
        try:
            return process_image(self._read_blob(blob), self._options).rendition
        except ImageRejected as rejected:
            raise CannotExport(f"cannot be converted: {rejected.reason}") from rejected

    def read_rendition(self, blob: Row[Any]) -> bytes:
        """The bytes of the rendition. Raises CannotExport."""
        rendition = self.make_rendition(blob)
        return self._read_blob(blob) if rendition is None else rendition

    def _read_blob(self, blob: Row[Any]) -> bytes:
        try:
            data = self.find_blob_file(blob).read_bytes()
        except OSError as error:
            raise CannotExport(f"blob cannot be read: {error.strerror}") from error
        if digest(data) != blob.sha256:
            raise CannotExport("blob damaged")
        return data
