"""What the parts of the imagefap spider know of it."""

from harvester.crawl.listing_spider import ListingSpider
from harvester.items import ImageItem
from harvester.spiders.imagefap.arguments import ImagefapArguments
from harvester.spiders.imagefap.urls import ImagefapUrls


class FavouritesSpider(ListingSpider):
    """A spider with a task, the addresses of its site, and the catalogue's row of the user, once that is known."""

    options: ImagefapArguments
    addresses: ImagefapUrls
    owner_row: int | None = None

    def needs_name(self, item: ImageItem) -> bool:
        """Whether the file name of an image is still to be asked for."""
        return self.options.is_get and not item.state.stems and not item.metadata.get("name")
