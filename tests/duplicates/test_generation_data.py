"""Which blobs have generation data, in either database."""

from sqlalchemy import Engine

from harvester.catalogue.duplicates.members import iter_blobs
from harvester.catalogue.repair import add_found_blob
from harvester.imaging.convert import describe_blob
from harvester.imaging.types import ConversionOptions
from harvester.storage.blobs import digest
from tests.catalogue.conftest import engine
from tests.imaging.generation_files import png

__all__ = ["engine"]


def test_only_data_of_a_known_generator_makes_a_copy_better(engine: Engine) -> None:
    """A text that nobody understands is kept, but it is no reason to keep the file."""
    files = {"generated": png({"parameters": "a castle\nSteps: 20, Seed: 1"}), "noted": png({"parameters": "a castle"}),
             "plain": png({})}  # fmt: skip
    with engine.begin() as connection:
        for data in files.values():
            row = describe_blob(data, ConversionOptions(format="original")) | {"sha256": digest(data)}
            add_found_blob(connection, row)
    names = {digest(data): name for name, data in files.items()}
    with engine.connect() as connection:
        rows = list(iter_blobs(connection, list(names)))
    assert {names[row.sha256]: bool(row[-1]) for row in rows} == {"generated": True, "noted": False, "plain": False}
