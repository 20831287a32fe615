"""Base class of the imagefap spider, for the modules that it uses."""

from harvester.crawl.listing_spider import ListingSpider
from harvester.items import ImageItem
from harvester.spiders.imagefap.arguments import ImagefapArguments
from harvester.spiders.imagefap.urls import ImagefapUrls


class FavouritesSpider(ListingSpider):
    """A spider with its arguments, the URLs of its site, and the catalogue row of the user, once it is known."""

    options: ImagefapArguments
    addresses: ImagefapUrls
    owner_row: int | None = None

    def needs_name(self, item: ImageItem) -> bool:
        """Whether the file name of an image is still unknown."""
        return self.options.is_get and not item.state.stems and not item.metadata.get("name")
