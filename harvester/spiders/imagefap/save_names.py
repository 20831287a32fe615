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
from harvester.crawl.workers.pool import run_task
from harvester.crawl.workers.protocol import FIND_IDENTICAL, FINGERPRINT_OF_FILE, NAME_IS_FREE
from harvester.items import ImageItem
from harvester.parsing.file_names import escape_reserved, fold_name
from harvester.storage.paths import DataPaths

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
        identity = await run_task(item, FINGERPRINT_OF_FILE)
        if identity is None:
            return
        sha256, size = identity
        saved_name = await self._spider.catalogue.read(photo_addresses.file_with_bytes, sha256)
        existing_name = self._name_by_sha256.get(sha256) or saved_name  # another picture may have got a name meanwhile
        if item.state.stems or existing_name:
            item.detail = "" if item.state.stems else f"the same bytes are saved as {existing_name}"
            return
        preferred = file_stem(str(item.metadata.get("name") or item.key))
        self._name_by_sha256[sha256] = preferred
        self._used_names = self._used_names or asyncio.ensure_future(self._load_used_names())
        used = await self._used_names
        if await self._is_saved_already(item, used, size):
            return
        number = 1
        while not await self._reserve_name(item, used, numbered_name(preferred, number)) and item.is_pending:
            number += 1
        if number > 1:
            logger.info("Image %s is saved as %s: the name is taken", item.key, numbered_name(preferred, number))

    async def _load_used_names(self) -> "_UsedNames":
        """Load the names in the folder and in the catalogue."""
        catalogue = self._spider.catalogue
        folder = DataPaths.from_settings(self._spider.crawler.settings).output(catalogue.collection)
        file_sizes = await asyncio.to_thread(_scan_file_sizes, folder)
        names = [Path(file).stem for file in file_sizes] + await catalogue.read(photo_addresses.names_in_collection)
        return _UsedNames({fold_name(name): name for name in names}, file_sizes)

    async def _is_saved_already(self, item: ImageItem, used: "_UsedNames", size: int) -> bool:
        """Whether a file from before this run has the picture's bytes, so that the picture gets its name."""
        same_size = [file for file, file_size in used.file_sizes.items() if file_size == size and file.isprintable()]
        file = await run_task(item, FIND_IDENTICAL, same_size) if same_size else None
        return file is not None and await self._reserve_name(item, used, Path(file).stem)

    async def _reserve_name(self, item: ImageItem, used: "_UsedNames", name: str) -> bool:
        if used.by_folded.setdefault(fold_name(name), name) != name or not await run_task(item, NAME_IS_FREE, name):
            return False
        placement = await self._spider.catalogue.write(photo_addresses.reserve_name, item.state.row, name)
        if placement is not None:
            item.state.stems = {placement: name}
        return placement is not None


@dataclass(frozen=True)
class _UsedNames:
    """`by_folded`: folded name -> name. `file_sizes`: files from before this run -> their size in bytes."""

    by_folded: dict[str, str]
    file_sizes: dict[str, int]


def _scan_file_sizes(folder: Path) -> dict[str, int]:
    """File -> size in bytes."""
    try:
        with os.scandir(folder) as entries:
            return {entry.name: entry.stat(follow_symlinks=False).st_size for entry in entries}
    except FileNotFoundError:
        return {}
