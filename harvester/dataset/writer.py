"""Writers for a collection as the two files of a UGC data set: `user_posts.json` and `accounts.csv`.

`harvester.dataset.reader` and the original downloader of the data set can read them back, and each picture gets the
same name. The accounts are in the order of their numbers, because the row is the number.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from pathlib import Path

from sqlalchemy import Connection

from harvester.catalogue import queries
from harvester.dataset.status_file import write_status
from harvester.items import NUMBERED, Collection
from harvester.storage.blobs import publish_stream
from harvester.storage.paths import DataPaths
from harvester.text import csv_writer

Entry = tuple[int, int, int, str]
"""(user index, post index, URL number, URL)"""


def write_collection(connection: Connection, collection: int, accounts: Path, posts: Path) -> None:
    """Write both files of a collection, in bounded memory. Raises StoreError."""
    acct_of = queries.accounts_by_user(connection, collection)
    entries = ((row[0], row[1], row[2], row[3]) for row in queries.iter_positions(connection, collection))
    publish_stream(accounts, encode_accounts(acct_of))
    publish_stream(posts, encode_posts(entries, acct_of))


def encode_posts(entries: Iterable[Entry], acct_of: Mapping[int, str]) -> Iterator[bytes]:
    """Encode `user_posts.json` in pieces, account by account. The entries must be sorted; URL numbers begin at 0."""
    yield b"{"
    for number, (user, user_entries) in enumerate(groupby(entries, lambda entry: entry[0])):
        posts = [
            {"index": post, "image_urls": [url for *_, url in post_entries]}
            for post, post_entries in groupby(user_entries, lambda entry: entry[1])
        ]
        yield f"{',' if number else ''}\n{json.dumps(acct_of[user])}: {json.dumps(posts)}".encode()
    yield b"\n}\n"


def encode_accounts(acct_of: Mapping[int, str]) -> Iterator[bytes]:
    """Encode `accounts.csv` in pieces: the columns `id` and `acct`, one row for each number from 0."""
    encode_row = csv_writer(lambda line: line.encode("utf-8", "replace"), line_end="\r\n")  # as in the original files
    yield encode_row(("id", "acct"))
    for number in range(max(acct_of, default=-1) + 1):
        yield encode_row((number, acct_of.get(number, "")))


def write_dataset_files(
    connection: Connection, collection_id: int, collection: Collection, places: DataPaths
) -> list[Path]:
    """Write the data set files of a collection, each whole or not at all; return their paths. Raises StoreError.

    Every data set has a status file; a data set made by harvester also has the posts and accounts files.
    """
    if not collection.is_dataset:
        return []
    paths = [places.status_file(collection)]
    write_status(connection, collection_id, paths[0])
    if collection.layout == NUMBERED:
        accounts, posts = places.dataset_files(collection)
        write_collection(connection, collection_id, accounts, posts)
        paths += [accounts, posts]
    return paths
