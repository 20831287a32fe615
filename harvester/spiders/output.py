"""Where a spider puts its pictures, and that a folder never holds two forms or two layouts of them."""

from pathlib import Path

from harvester.catalogue import queries
from harvester.catalogue.store import open_existing
from harvester.catalogue.trouble import told_plainly
from harvester.errors import BadInput
from harvester.items import Collection
from harvester.places import Places, resolved


def output_folder(places: Places, site: str, given: str | None) -> Path:
    """The folder of `-a output=`, or the usual one of the site. Raises BadInput."""
    if not given:
        return places.default_output(site)
    output = resolved("-a output", given)
    if output == places.root:
        raise BadInput(f"-a output={given}: that is the data directory; the pictures need a folder of their own.")
    return output


def check_collection(places: Places, wanted: Collection) -> None:
    """Refuse another form or layout than the pictures in the folder have already. Raises BadInput."""
    catalogue = open_existing(places.catalogue)
    if catalogue is None:
        return
    try:
        with told_plainly(catalogue), catalogue.connect() as connection:
            found = queries.find_collection(connection, wanted.site, wanted.directory)
    finally:
        catalogue.dispose()
    if found is None:
        return
    _, known = found
    for what in ("format", "layout"):
        if getattr(known, what) != getattr(wanted, what):
            raise BadInput(
                f"The collection in {places.output(known)} was made with {what}={getattr(known, what)}; for another "
                f"{what} give another output= (known images are not fetched again)."
            )
