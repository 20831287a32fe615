"""What the parts of the imagefap spider know of it."""

from harvester.items import ImageItem
from harvester.sites.imagefap.addresses import ImagefapUrls
from harvester.sites.imagefap.wanted import ImagefapArguments
from harvester.spiders.listing import ListingSpider


class FavouritesSpider(ListingSpider):
    """A spider with a task, the addresses of its site, and the catalogue's row of the user, once that is known."""

    options: ImagefapArguments
    addresses: ImagefapUrls
    owner_row: int | None = None

    def needs_name(self, item: ImageItem) -> bool:
        """Whether the file name of an image is still to be asked for."""
        return self.options.is_get and not item.state.stems and not item.metadata.get("name")
