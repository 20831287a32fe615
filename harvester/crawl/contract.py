"""Contract between a spider and the rest of a crawl, and the signals they share."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol, cast

from harvester.items import Collection, ImageItem
from harvester.parsing.responses import PageStatus, SiteResponse

if TYPE_CHECKING:
    from scrapy.crawler import Crawler


class SpiderContract(Protocol):
    """One spider, as the rest of a crawl sees it. The defaults are those of a site that asks for nothing special."""

    name: str
    collection: Collection
    arguments: dict[str, str]  # as on the command line

    budgets: Mapping[str, str] = MappingProxyType({})  # host -> windows such as "80/60s, 160/300s"; "*": all others
    min_delay: Mapping[str, float] = MappingProxyType({})  # host -> seconds between requests; no setting undercuts it
    max_concurrency: Mapping[str, int] = MappingProxyType({})  # host -> most requests at a time; no setting exceeds it
    block_window: float = 3600.0  # seconds after which a block has likely passed
    unknown_is_change: bool = False  # whether page after page that `classify` does not know ends the run
    cache_seconds: int | None = None  # how long pages stay in the HTTP cache; None: HTTPCACHE_EXPIRATION_SECS
    credentials: Mapping[str, str] = MappingProxyType({})  # origin of a server -> value of its `Authorization` header

    preview: int = 0  # pixels, longest side of a thumbnail that keeps animation; 0: none is made

    def classify(self, response: SiteResponse) -> PageStatus | None:
        """Say what a page is, before anybody parses it; None: pass every page on."""
        return None

    async def resolve_address(self, item: ImageItem) -> None:
        """Set what only asking tells of an image whose turn has come, such as its address; may refuse the item.

        Raises RequeueItem where it has to wait. Where `item.state.body` is set already, the bytes are known.
        """

    async def check_response(self, item: ImageItem) -> None:
        """Look at the bytes before anything is decoded; may refuse the item. Raises RequeueItem to ask again."""

    async def check_image(self, item: ImageItem) -> None:
        """Look at a decoded picture before it is stored; may refuse it, or name its files (`item.state.stems`)."""

    def sidecars(self, item: ImageItem) -> Mapping[str, bytes]:
        """Return what is written beside each output file of a picture: extension -> content."""
        return {}

    def fallback_url(self, item: ImageItem) -> str | None:
        """Return the URL to try next, where the bytes (`item.state.body`) are not what was expected, or missing."""
        return None

    def busiest_host(self) -> tuple[str, int] | None:
        """Return the host with the most images under way, and how many; None where there are none."""
        return None

    async def eta_text(self) -> str:
        """Return the time left and what it depends on, where the speed so far does not tell; empty: not known."""
        return ""

    def final_messages(self) -> list[str]:
        """Return what a person should know at the end of the run beside the summary: whole sentences."""
        return []


def spider_of(crawler: "Crawler") -> SpiderContract:
    """Return the spider of a crawl, which `HarvestSpider` holds to the contract."""
    return cast("SpiderContract", crawler.spider)


image_answered = object()
"""Signal: the host has answered for an item, well or badly; the rest is our work. Argument: item."""

run_ended = object()
"""Signal: the summary of the run is written, however it ended. Argument: exitcode, that of `scrapy crawl`."""
