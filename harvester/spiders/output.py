"""Where a spider puts its pictures, and that a folder never holds two forms or two layouts of them."""

from pathlib import Path

from harvester.catalogue import queries
from harvester.catalogue.store import open_existing
from harvester.catalogue.trouble import translate_db_errors
from harvester.errors import UsageProblem
from harvester.items import Collection
from harvester.places import DataPaths, resolve_folder


def resolve_output_folder(paths: DataPaths, site: str, value: str | None) -> Path:
    """The folder of `-a output=`, or the usual one of the site. Raises BadInput."""
    if not value:
        return paths.default_output(site)
    output = resolve_folder("-a output", value)
    if output == paths.root:
        raise UsageProblem(f"-a output={value}: that is the data directory; the pictures need a folder of their own.")
    return output


def check_collection(paths: DataPaths, collection: Collection) -> None:
    """Refuse another form or layout than the pictures in the folder have already. Raises BadInput."""
    engine = open_existing(paths.catalogue)
    if engine is None:
        return
    try:
        with translate_db_errors(engine), engine.connect() as connection:
            existing = queries.find_collection(connection, collection.site, collection.directory)
    finally:
        engine.dispose()
    if existing is None:
        return
    _, stored = existing
    for name in ("format", "layout"):
        if getattr(stored, name) != getattr(collection, name):
            raise UsageProblem(
                f"The collection in {paths.output(stored)} was made with {name}={getattr(stored, name)}; for another "
                f"{name} give another output= (known images are not fetched again)."
            )
