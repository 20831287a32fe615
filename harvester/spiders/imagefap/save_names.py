"""File names for `mode=get`: the uploader's names, each used once, and each picture saved once."""

import asyncio
import logging
import os
import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harvester.catalogue import photo_addresses
from harvester.imaging.types import ImageReport, RenditionFacts
from harvester.items import ImageItem
from harvester.parsing.file_names import escape_reserved, fold_name
from harvester.storage.blobs import digest
from harvester.storage.paths import DataPaths
from harvester.storage.safe_files import read_regular_file

if TYPE_CHECKING:
    from harvester.crawl.spider import HarvestSpider


MAX_NAME_BYTES = 255
"""Bytes of UTF-8; the most that a file system allows."""

_RESERVED_BYTES = 16  # bytes kept free for " (999)" and the extension

_FORBIDDEN = frozenset('\\/:*?"<>|')

_DEVICES = frozenset(
    {"CON", "PRN", "AUX", "NUL", *(f"COM{number}" for number in range(10)), *(f"LPT{number}" for number in range(10))}
)

_DIRECTIONS = re.compile("[\u061c\u200e\u200f\u2028-\u202e\u2066-\u206f]")

_EXTENSION = re.compile(r"(.+)\.(?:jpe?g|jfif|png|gif|webp|avif|bmp|tiff?|mpo|jp2)", re.IGNORECASE | re.DOTALL)


def sanitise_name(name: str) -> str:
    """The name as a valid file name: never empty, never a path, at most 255 bytes, with its extension."""
    clean = _without_forbidden(unicodedata.normalize("NFKD", _without_forbidden(name.replace("/", "-"))))
    clean = clean.strip().rstrip(". ")
    if not clean or clean in _DEVICES:
        clean = f"__{clean}"
    return _shorten(clean, MAX_NAME_BYTES)


def file_stem(name: str) -> str:
    """The sanitised name without a picture's extension, with room for another extension and a number.

    Beyond the old tool's rules, it has no direction marks, and is not hidden, an option or a device name.
    """
    clean = sanitise_name(_DIRECTIONS.sub("", name))
    match = _EXTENSION.fullmatch(clean)
    return escape_reserved(_truncate(match[1] if match else clean, MAX_NAME_BYTES - _RESERVED_BYTES))


def numbered_name(name: str, number: int) -> str:
    """The name for the `number`th picture with the same name: `name`, `name (2)`, `name (3)`, …"""
    return name if number <= 1 else f"{name} ({number})"


def _without_forbidden(text: str) -> str:
    """The text without forbidden characters; call it before and after normalising, which may add some (℀ to a/c)."""
    return "".join(char for char in text if char not in _FORBIDDEN and unicodedata.category(char) not in ("Cc", "Cs"))


def _shorten(name: str, max_bytes: int) -> str:
    if len(name.encode()) <= max_bytes:
        return name
    head, dot, extension = name.rpartition(".")
    if not dot or not head or len(extension.encode()) > _RESERVED_BYTES:
        return _truncate(name, max_bytes)
    return f"{_truncate(head, max_bytes - 1 - len(extension.encode()))}.{extension}"


def _truncate(text: str, max_bytes: int) -> str:
    return text.encode()[:max_bytes].decode("utf-8", "ignore").rstrip(". ") or "__"


logger = logging.getLogger(__name__)


class SaveNames:
    """Names a picture that is about to be stored, unless the same bytes already have a name."""

    def __init__(self, spider: "HarvestSpider") -> None:
        self._spider = spider
        self._name_by_sha256: dict[str, str] = {}  # sha256 -> name, of pictures named in this run
        self._used_names: asyncio.Future[_UsedNames] | None = None

    async def assign_name(self, item: ImageItem) -> None:
        """Claim a name that no other image or file has, or that of a file with the same bytes."""
        report: ImageReport = item.state.report
        saved_name = await self._spider.catalogue.read(photo_addresses.file_with_bytes, report.sha256)
        # The read comes first, because another picture may get a name meanwhile.
        existing_name = self._name_by_sha256.get(report.sha256) or saved_name
        if item.state.stems or existing_name:
            item.detail = "" if item.state.stems else f"the same bytes are saved as {existing_name}"
            return
        preferred = file_stem(str(item.metadata.get("name") or item.key))
        self._name_by_sha256[report.sha256] = preferred
        self._used_names = self._used_names or asyncio.ensure_future(self._load_used_names())
        used = await self._used_names
        file = await asyncio.to_thread(used.find_file, report.rendition)
        if file and await self._reserve_name(item, used, Path(file).stem):
            return
        number = 1
        while not await self._reserve_name(item, used, numbered_name(preferred, number)):
            number += 1
        if number > 1:
            logger.info("Image %s is saved as %s: the name is taken", item.key, numbered_name(preferred, number))

    async def _load_used_names(self) -> "_UsedNames":
        """Load the names in the folder and in the catalogue."""
        catalogue = self._spider.catalogue
        folder = DataPaths.from_settings(self._spider.crawler.settings).output(catalogue.collection)
        file_sizes = await asyncio.to_thread(_scan_file_sizes, folder)
        names = [Path(file).stem for file in file_sizes] + await catalogue.read(photo_addresses.names_in_collection)
        return _UsedNames(folder, {fold_name(name): name for name in names}, file_sizes)

    async def _reserve_name(self, item: ImageItem, used: "_UsedNames", name: str) -> bool:
        if used.by_folded.setdefault(fold_name(name), name) != name:
            return False
        if not await asyncio.to_thread(used.is_free, name, item.state.report.rendition):
            return False
        placement = await self._spider.catalogue.write(photo_addresses.reserve_name, item.state.row, name)
        if placement is not None:
            item.state.stems = {placement: name}
        return placement is not None


@dataclass(frozen=True)
class _UsedNames:
    """Names in the output folder and in the catalogue. Its methods read files, so call them from a thread.

    `by_folded`: folded name -> name. `file_sizes`: files from before this run -> their size in bytes.
    """

    folder: Path
    by_folded: dict[str, str]
    file_sizes: dict[str, int]

    def find_file(self, rendition: RenditionFacts) -> str | None:
        """The first file from before this run with the bytes of the rendition; None if there is none."""
        candidates = (
            file
            for file, size in self.file_sizes.items()
            if size == rendition.bytes and file.endswith(f".{rendition.ext}") and file.isprintable()
        )
        return next((file for file in candidates if _has_bytes(self.folder / file, rendition)), None)

    def is_free(self, name: str, rendition: RenditionFacts) -> bool:
        """Whether the rendition can have the name: no file with other bytes has it."""
        file = self.folder / f"{name}.{rendition.ext}"
        return not os.path.lexists(file) or _has_bytes(file, rendition)


def _scan_file_sizes(folder: Path) -> dict[str, int]:
    """File -> size in bytes."""
    try:
        with os.scandir(folder) as entries:
            return {entry.name: entry.stat(follow_symlinks=False).st_size for entry in entries}
    except FileNotFoundError:
        return {}


def _has_bytes(path: Path, rendition: RenditionFacts) -> bool:
    """Whether a regular file has the bytes of the rendition; a file of another size is not read."""
    try:
        data = read_regular_file(path) if path.lstat().st_size == rendition.bytes else None
    except OSError:
        return False
    return data is not None and digest(data) == rendition.sha256
