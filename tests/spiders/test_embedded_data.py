"""Generation data in files, whatever site they come from."""

import json
from pathlib import Path

from tests import dataset_files as dataset
from tests.conftest import Commands
from tests.farsite.process import Farsite


def test_generation_data_is_read_at_sites_that_know_nothing_of_it(
    farsite: Farsite, commands: Commands, tmp_path: Path
) -> None:
    """A Mastodon server says nothing about prompts, but the file does: it is in the catalogue."""
    # Issue 17, item 9: the docs promised it for every site, and only Civitai's files were read.
    urls = [farsite.url("/generated/a%20castle.png"), farsite.url("/photo/1.jpg")]
    commands.crawl(dataset.write(tmp_path, dataset.one_user(urls)))
    query = "SELECT embedded FROM images JOIN blobs USING (sha256) ORDER BY images.id"
    (generated,), (photo,) = dataset.rows(commands.data, query)
    embedded = json.loads(generated)
    assert (embedded["tool"], embedded["prompt"], embedded["seed"]) == ("A1111", "a castle", "42")
    assert photo is None
