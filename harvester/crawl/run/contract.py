"""What pipelines, middlewares and extensions need of a spider."""

from typing import Protocol

from harvester.items import Collection


class SpiderContract(Protocol):
    """What the ledger needs to know of a spider."""

    collection: Collection
    arguments: dict[str, str]


image_answered = object()
"""The host has answered for an item, well or badly; from now on the item only needs us. Argument: item."""

run_ended = object()
"""The books of the run are closed, in whatever way it ended. Argument: exitcode, that of `scrapy crawl`."""
