"""Images that were listed without an address, or with one that cannot be requested, and get one later."""

from dataclasses import replace

import pytest
from sqlalchemy import Connection

from harvester.catalogue import queries, writer
from harvester.items import Collection, DiscoveredImage

LATER = DiscoveredImage(key="5", host="files.test", url="https://files.test/5.jpg", path="5", metadata={"id": 5})


@pytest.mark.parametrize("reason", ["no-address", "bad-url"])
@pytest.mark.parametrize("path", [None, "5"])
def test_an_address_that_comes_later_makes_an_image_pending(
    connection: Connection, reason: str, path: str | None
) -> None:
    """The verdict held for what the source said then, or for what could be read of it."""
    # issue 17, item 3: no permanent verdict on what was not understood
    collection = writer.get_or_create_collection(connection, Collection("civitai", "images", "rgb", "flat"))
    first = replace(LATER, host="", url=None, path=path, reason=reason, metadata=None)
    assert writer.record_discovered(connection, collection, [first]) == {}
    assert writer.record_discovered(connection, collection, [first]) == {}
    assert writer.record_discovered(connection, collection, [LATER]) == {"files.test": 1}
    (image,) = queries.pending_images(connection, collection, "files.test", 0, 9)
    assert (image.url, image.metadata, list(image.names.values())) == (LATER.url, LATER.metadata, ["5"])


def test_other_verdicts_keep_the_address(connection: Connection) -> None:
    """A file that was not found is not requested again because its address has changed."""
    collection = writer.get_or_create_collection(connection, Collection("civitai", "images", "rgb", "flat"))
    writer.record_discovered(connection, collection, [LATER])
    writer.record_outcomes(connection, [writer.ImageOutcome(1, "failed", "http-gone")])
    assert writer.record_discovered(connection, collection, [replace(LATER, url="https://files.test/6.jpg")]) == {}
