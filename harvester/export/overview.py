"""Everything `scrapy status` tells: the books of all sites, and what stands in the way of calling them closed."""

from dataclasses import dataclass, field

from harvester.catalogue import listings, queries
from harvester.catalogue.store import open_existing
from harvester.catalogue.trouble import told_plainly
from harvester.errors import BadInput, StoreError
from harvester.export.books import Book, books
from harvester.export.dataset import write_files
from harvester.places import Places


@dataclass
class Overview:
    """The books, and sentences about what is not as it should be."""

    books: list[Book]
    complaints: list[str] = field(default_factory=list)

    @property
    def settled(self) -> bool:
        """Nothing owed, nothing failed, nothing to complain about."""
        return not self.complaints and all(book.settled for book in self.books)


def overview(places: Places) -> Overview:
    """Read the catalogue and write every status file. Raises BadInput and CatalogueError."""
    catalogue = open_existing(places.catalogue)
    if catalogue is None:
        raise BadInput(f"There is no catalogue in {places.root}: nothing has been harvested there yet.")
    try:
        with told_plainly(catalogue), catalogue.connect() as connection:
            found = Overview(books(queries.counts(connection), listings.by_site(connection)))
            found.complaints += [sentence for book in found.books for sentence in book.complaints()]
            for collection in queries.unfinished(connection):
                where = places.output(collection)
                found.complaints.append(f"Not all promises for {where} are recorded: run the same crawl again.")
            for row, collection in queries.all_collections(connection).items():
                try:
                    write_files(connection, row, collection, places)
                except StoreError as error:
                    found.complaints.append(str(error))
    finally:
        catalogue.dispose()
    return found
