"""The names under which `get` saves pictures: the uploader's, each once, and each picture once."""

import asyncio
import logging
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harvester.catalogue import found
from harvester.extensions.workers import next_step
from harvester.items import ImageItem
from harvester.orders import AMONG, FITS, IDENTITY
from harvester.places import Places
from harvester.sites.imagefap.names import numbered, stem
from harvester.sites.naming import folded

if TYPE_CHECKING:
    from harvester.spiders.owing import OwingSpider

logger = logging.getLogger(__name__)


class Saving:
    """Gives a picture that is about to be stored its name, or none where the very same bytes have one already."""

    def __init__(self, spider: "OwingSpider") -> None:
        self._spider = spider
        self._under_way: dict[str, str] = {}  # sha256 -> name, of pictures named in this run
        self._names: asyncio.Future[_Names] | None = None

    async def name(self, item: ImageItem) -> None:
        """Claim a name that no other image and no other file has, or that of a file of the same bytes."""
        identified = await next_step(item, IDENTITY)
        if identified is None:
            return
        sha256, size = identified
        saved = await self._spider.ledger.ask(found.saved_as, sha256)
        there = self._under_way.get(sha256) or saved  # another one may have been named meanwhile
        if item.work.names or there:
            item.detail = "" if item.work.names else f"the same bytes are saved as {there}"
            return
        wanted = stem(str(item.metadata.get("name") or item.key))
        self._under_way[sha256] = wanted
        self._names = self._names or asyncio.ensure_future(self._there())
        names = await self._names
        if await self._has(item, names, size):
            return
        number = 1
        while not await self._claimed(item, names, numbered(wanted, number)) and item.open:
            number += 1
        if number > 1:
            logger.info("Image %s is saved as %s: the name is taken", item.key, numbered(wanted, number))

    async def _there(self) -> "_Names":
        """The names in the folder and in the catalogue."""
        ledger = self._spider.ledger
        output = Places.from_settings(self._spider.crawler.settings).output(ledger.collection)
        files = await asyncio.to_thread(_files_in, output)
        names = [Path(file).stem for file in files] + await ledger.ask(found.names)
        return _Names({folded(name): name for name in names}, files)

    async def _has(self, item: ImageItem, names: "_Names", size: int) -> bool:
        """Whether a file that was there before this run is the picture, so that its name is the picture's."""
        alike = [file for file, there in names.files.items() if there == size and file.isprintable()]
        file = await next_step(item, AMONG, alike) if alike else None
        return file is not None and await self._claimed(item, names, Path(file).stem)

    async def _claimed(self, item: ImageItem, names: "_Names", name: str) -> bool:
        if names.spelled.setdefault(folded(name), name) != name or not await next_step(item, FITS, name):
            return False
        sighting = await self._spider.ledger.change(found.claim, item.work.row, name)
        if sighting is not None:
            item.work.names = {sighting: name}
        return sighting is not None


@dataclass(frozen=True)
class _Names:
    """`spelled`: as some file systems see them -> as they are. `files`: those that were there, and their bytes."""

    spelled: dict[str, str]
    files: dict[str, int]


def _files_in(folder: Path) -> dict[str, int]:
    """File -> bytes."""
    try:
        with os.scandir(folder) as there:
            return {entry.name: entry.stat(follow_symlinks=False).st_size for entry in there}
    except FileNotFoundError:
        return {}
