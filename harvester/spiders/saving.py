"""The names under which `get` saves pictures: the uploader's, each once, and each picture once."""

import asyncio
import logging
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harvester.catalogue import found
from harvester.extensions.workers import run_task
from harvester.items import ImageItem
from harvester.orders import FIND_IDENTICAL, FINGERPRINT_OF_FILE, NAME_IS_FREE
from harvester.places import DataPaths
from harvester.sites.imagefap.names import file_stem, numbered_name
from harvester.sites.naming import fold_name

if TYPE_CHECKING:
    from harvester.spiders.owing import HarvestSpider

logger = logging.getLogger(__name__)


class SaveNames:
    """Gives a picture that is about to be stored its name, or none where the very same bytes have one already."""

    def __init__(self, spider: "HarvestSpider") -> None:
        self._spider = spider
        self._name_by_sha256: dict[str, str] = {}  # sha256 -> name, of pictures named in this run
        self._used_names: asyncio.Future[_UsedNames] | None = None

    async def assign_name(self, item: ImageItem) -> None:
        """Claim a name that no other image and no other file has, or that of a file of the same bytes."""
        identity = await run_task(item, FINGERPRINT_OF_FILE)
        if identity is None:
            return
        sha256, size = identity
        saved_name = await self._spider.catalogue.read(found.file_with_bytes, sha256)
        existing_name = self._name_by_sha256.get(sha256) or saved_name  # another one may have been named meanwhile
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
        """The names in the folder and in the catalogue."""
        catalogue = self._spider.catalogue
        folder = DataPaths.from_settings(self._spider.crawler.settings).output(catalogue.collection)
        file_sizes = await asyncio.to_thread(_scan_file_sizes, folder)
        names = [Path(file).stem for file in file_sizes] + await catalogue.read(found.names_in_collection)
        return _UsedNames({fold_name(name): name for name in names}, file_sizes)

    async def _is_saved_already(self, item: ImageItem, used: "_UsedNames", size: int) -> bool:
        """Whether a file that was there before this run is the picture, so that its name is the picture's."""
        same_size = [file for file, file_size in used.file_sizes.items() if file_size == size and file.isprintable()]
        file = await run_task(item, FIND_IDENTICAL, same_size) if same_size else None
        return file is not None and await self._reserve_name(item, used, Path(file).stem)

    async def _reserve_name(self, item: ImageItem, used: "_UsedNames", name: str) -> bool:
        if used.by_folded.setdefault(fold_name(name), name) != name or not await run_task(item, NAME_IS_FREE, name):
            return False
        placement = await self._spider.catalogue.write(found.reserve_name, item.state.row, name)
        if placement is not None:
            item.state.stems = {placement: name}
        return placement is not None


@dataclass(frozen=True)
class _UsedNames:
    """`spelled`: as some file systems see them -> as they are. `files`: those that were there, and their bytes."""

    by_folded: dict[str, str]
    file_sizes: dict[str, int]


def _scan_file_sizes(folder: Path) -> dict[str, int]:
    """File -> bytes."""
    try:
        with os.scandir(folder) as entries:
            return {entry.name: entry.stat(follow_symlinks=False).st_size for entry in entries}
    except FileNotFoundError:
        return {}
