"""Stock Scrapy with its ImagesPipeline or FilesPipeline, everything at Scrapy's defaults.

    python -m benchmarks.peers.stock images|files URLS FOLDER

Items of 20 URLs come from 'listing pages' that cost no network: Scrapy's own `data:` URLs.
"""

import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import Any

from scrapy import Request, Spider
from scrapy.crawler import AsyncCrawlerProcess
from scrapy.http import Response

PER_ITEM = 20


class UrlListSpider(Spider):
    """One item per page."""

    name = "listed"
    urls: Sequence[str] = ()
    field = ""

    async def start(self) -> AsyncIterator[Request]:
        """One page for every 20 URLs."""
        for first in range(0, len(self.urls), PER_ITEM):
            yield Request(f"data:text/plain,{first}", cb_kwargs={"first": first})

    def parse(self, _response: Response, first: int) -> Iterator[dict[str, Any]]:
        """The item of a page."""
        yield {self.field: self.urls[first : first + PER_ITEM]}


def main(kind: str, urls: str, folder: str) -> None:
    """Crawl to the end."""
    pipeline = {"images": "ImagesPipeline", "files": "FilesPipeline"}[kind]
    settings = {
        "ITEM_PIPELINES": {f"scrapy.pipelines.{kind}.{pipeline}": 1},
        f"{kind.upper()}_STORE": folder,
        "LOG_ENABLED": False,
    }
    process = AsyncCrawlerProcess(settings)
    process.crawl(UrlListSpider, urls=Path(urls).read_text().split(), field=f"{kind[:-1]}_urls")
    process.start()


if __name__ == "__main__":
    main(*sys.argv[1:])
