"""A Civitai that ignores its own cursors."""

import json

from tests.conftest import Commands
from tests.dataset_files import rows
from tests.farsite.process import Farsite


def test_items_behind_an_ignored_cursor_stay_open(farsite: Farsite, commands: Commands) -> None:
    """The first page under a new cursor is not the second: exit code 1, and the next run gets what is missing."""
    # pixelfed/pixelfed#5969
    commands.environment["CIVITAI_BASE_URL"] = farsite.url("").rstrip("/")
    for code, state, count in ((1, "incomplete", 10), (0, "ended", 30)):
        done = commands.harvest("civitai", "username=ignored", code=code)
        assert ("the source gave the same page again" in done.stderr) == bool(code)
        assert rows(commands.data, "SELECT state FROM listings") == [(state,)]
        assert rows(commands.data, "SELECT count(*) FROM images WHERE status = 'done'") == [(count,)]


def test_max_images_does_not_hide_an_ignored_cursor(farsite: Farsite, commands: Commands) -> None:
    """Images that come twice do not fill the number that was asked for."""
    # pixelfed/pixelfed#5969
    commands.environment["CIVITAI_BASE_URL"] = farsite.url("").rstrip("/")
    for code, count in ((1, 10), (0, 15)):
        commands.harvest("civitai", "username=ignored", "max_images=15", code=code)
        assert rows(commands.data, "SELECT count(*) FROM images") == [(count,)]
    ((counts,),) = rows(commands.data, "SELECT counts FROM listings")
    assert json.loads(counts)["beyond max_images"] == 5
