"""What the parts of the imagefap spider know of it."""

from harvester.items import ImageItem
from harvester.sites.imagefap.addresses import Addresses
from harvester.sites.imagefap.wanted import Wanted
from harvester.spiders.listing import ListingSpider


class FavouritesSpider(ListingSpider):
    """A spider with a task, the addresses of its site, and the catalogue's row of the user, once that is known."""

    wanted: Wanted
    addresses: Addresses
    owner_row: int | None = None

    def needs_name(self, item: ImageItem) -> bool:
        """Whether the file name of an image is still to be asked for."""
        return self.wanted.is_get and not item.work.names and not item.metadata.get("name")
