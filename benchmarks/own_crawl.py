"""Our own crawl as a benchmark runs it: the files of a data set, the command, what it left behind."""

import sys
from collections.abc import Sequence
from pathlib import Path

from tests import dataset_files as dataset

PER_POST, PER_USER = 4, 200


def write_data_set(folder: Path, urls: Sequence[str], *, before: Sequence[str] = ()) -> list[str]:
    """Write the two files and return the spider's arguments; `before` are accounts that come first in the table."""
    posts: dict[str, list[tuple[int, Sequence[str]]]] = {}
    for start in range(0, len(urls), PER_USER):
        user_urls = urls[start : start + PER_USER]
        acct = account(len(before) + len(posts))
        posts[acct] = [(at // PER_POST, user_urls[at : at + PER_POST]) for at in range(0, len(user_urls), PER_POST)]
    return dataset.write(folder, posts, [*before, *posts]).arguments


def account(number: int) -> str:
    """The name of a made-up account."""
    return f"user{number}@host.example"


def crawl_command(
    arguments: Sequence[str], data: Path, python: str | Path = sys.executable, **settings: str | int
) -> list[str]:
    """`scrapy crawl mastodon` into a data directory."""
    all_settings = {"HARVESTER_DATA_DIR": data, "HARVESTER_ALLOW_NETWORKS": "127.0.0.0/8", **settings}
    options = [word for name, value in all_settings.items() for word in ("-s", f"{name}={value}")]
    return [str(python), "-m", "scrapy", "crawl", "mastodon", *arguments, *options, "--nolog"]


def list_pictures(data: Path) -> list[Path]:
    """The named pictures that a crawl left behind."""
    return [path for path in (data / "images").rglob("*") if path.is_file()]
