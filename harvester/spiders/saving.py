"""The names under which `get` saves pictures: the uploader's, each once, and each picture once."""

import asyncio
import logging
from pathlib import Path
from typing import TYPE_CHECKING

from harvester.catalogue import found
from harvester.extensions.workers import next_step
from harvester.items import ImageItem
from harvester.places import Places
from harvester.sites.imagefap.names import numbered, stem
from harvester.sites.naming import folded
from harvester.workbench import fits, identity

if TYPE_CHECKING:
    from harvester.spiders.owing import OwingSpider

logger = logging.getLogger(__name__)


class Saving:
    """Gives a picture that is about to be stored its name, or none where the very same bytes have one already."""

    def __init__(self, spider: "OwingSpider") -> None:
        self._spider = spider
        self._under_way: dict[str, str] = {}  # sha256 -> name, of pictures named in this run
        self._names: asyncio.Future[dict[str, str]] | None = None  # as some file systems see them -> as they are

    async def name(self, item: ImageItem) -> None:
        """Claim a name that no other image and no other file has."""
        sha256 = await next_step(item, identity)
        if sha256 is None:
            return
        saved = await self._spider.ledger.ask(found.saved_as, sha256)
        there = self._under_way.get(sha256) or saved  # another one may have been named meanwhile
        if item.work.names or there:
            item.detail = "" if item.work.names else f"the same bytes are saved as {there}"
            return
        wanted = stem(str(item.metadata.get("name") or item.key))
        self._under_way[sha256] = wanted
        number = 1
        while not await self._claimed(item, numbered(wanted, number)) and item.open:
            number += 1
        if number > 1:
            logger.info("Image %s is saved as %s: the name is taken", item.key, numbered(wanted, number))

    async def _there(self) -> dict[str, str]:
        """The names in the folder and in the catalogue."""
        ledger = self._spider.ledger
        output = Places.from_settings(self._spider.crawler.settings).output(ledger.collection)
        names = await asyncio.to_thread(_names_in, output) + await ledger.ask(found.names)
        return {folded(name): name for name in names}

    async def _claimed(self, item: ImageItem, name: str) -> bool:
        self._names = self._names or asyncio.ensure_future(self._there())
        spelled = await self._names
        if spelled.setdefault(folded(name), name) != name or not await next_step(item, fits, name):
            return False
        sighting = await self._spider.ledger.change(found.claim, item.work.row, name)
        if sighting is not None:
            item.work.names = {sighting: name}
        return sighting is not None


def _names_in(folder: Path) -> list[str]:
    try:
        return [path.stem for path in folder.iterdir()]
    except FileNotFoundError:
        return []
