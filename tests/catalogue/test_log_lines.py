"""The last lines of image_download.log are kept in the catalogue until they are in the file."""

from sqlalchemy import Connection

from harvester.catalogue import log_lines, writer
from harvester.items import Collection


def test_the_last_lines_of_a_killed_run_are_kept_until_they_are_forgotten(connection: Connection) -> None:
    """The last batch of each run of this collection that did not end, and of no other."""
    first, second = (writer.get_or_create_collection(connection, Collection("mastodon", name, "jpeg")) for name in "ab")
    killed, ended, other = (
        writer.start_run(connection, collection, {}, "0.1.0", 1) for collection in (first, first, second)
    )
    for run in (killed, ended, other):
        log_lines.note_lines(connection, run, "a\n", 0)
        log_lines.note_lines(connection, run, "ä\tb\n", 2)
    writer.end_run(connection, ended, "finished", {})
    assert log_lines.unlogged_lines(connection, first) == [("ä\tb\n", 2)]
    log_lines.forget_lines(connection, first)
    assert log_lines.unlogged_lines(connection, first) == []
    assert log_lines.unlogged_lines(connection, second) == [("ä\tb\n", 2)]
