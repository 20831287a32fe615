"""Everything `scrapy status` tells: the books of all sites, and what stands in the way of calling them closed."""

from dataclasses import dataclass, field

from harvester.catalogue import listings, queries
from harvester.catalogue.store import open_existing
from harvester.catalogue.trouble import translate_db_errors
from harvester.errors import StoreError, UsageProblem
from harvester.export.books import SiteSummary, summarize_sites
from harvester.export.dataset import write_dataset_files
from harvester.places import DataPaths


@dataclass
class CollectionStatus:
    """The books, and sentences about what is not as it should be."""

    summaries: list[SiteSummary]
    complaints: list[str] = field(default_factory=list)

    @property
    def is_complete(self) -> bool:
        """Nothing owed, nothing failed, nothing to complain about."""
        return not self.complaints and all(summary.is_complete for summary in self.summaries)


def collect_status(places: DataPaths) -> CollectionStatus:
    """Read the catalogue and write every status file. Raises BadInput and CatalogueError."""
    catalogue = open_existing(places.catalogue)
    if catalogue is None:
        raise UsageProblem(f"There is no catalogue in {places.root}: nothing has been harvested there yet.")
    try:
        with translate_db_errors(catalogue), catalogue.connect() as connection:
            status = CollectionStatus(
                summarize_sites(queries.count_by_status(connection), listings.listings_by_site(connection))
            )
            status.complaints += [message for summary in status.summaries for message in summary.complaints()]
            for collection in queries.unfinished_collections(connection):
                folder = places.output(collection)
                status.complaints.append(f"Not all promises for {folder} are recorded: run the same crawl again.")
            for collection_id, collection in queries.all_collections(connection).items():
                try:
                    write_dataset_files(connection, collection_id, collection, places)
                except StoreError as error:
                    status.complaints.append(str(error))
    finally:
        catalogue.dispose()
    return status
