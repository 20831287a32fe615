"""Makes the two input files of a data set, and reads what a harvest of it left behind."""

import csv
import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Posts = Mapping[str, Sequence[tuple[int, Sequence[str]]]]
"""acct -> [(post index, image URLs), …]"""


@dataclass(frozen=True)
class DataSet:
    """The two files."""

    posts: Path
    accounts: Path

    @property
    def arguments(self) -> list[str]:
        """For `scrapy crawl mastodon`."""
        return ["-a", f"posts={self.posts}", "-a", f"accounts={self.accounts}"]


def write(folder: Path, posts: Posts, accounts: Sequence[str] | None = None) -> DataSet:
    """Write both files; every account of the posts gets a row unless the accounts are given."""
    folder.mkdir(parents=True, exist_ok=True)
    files = DataSet(folder / "user_posts.json", folder / "accounts_labeled.csv")
    shaped = {
        acct: [{"index": index, "image_urls": list(urls)} for index, urls in of_user] for acct, of_user in posts.items()
    }
    files.posts.write_text(json.dumps(shaped, indent=1), encoding="utf-8")
    with files.accounts.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["", "acct", "label"])
        for number, acct in enumerate(posts if accounts is None else accounts):
            rows.writerow([number + 1000, acct, 0])
    return files


def one_user(urls: Sequence[str], acct: str = "alice@example.social") -> dict[str, list[tuple[int, list[str]]]]:
    """Each URL a post of its own: the names are 0_0_0, 0_1_0, 0_2_0 …"""
    return {acct: [(index, [url]) for index, url in enumerate(urls)]}


def rows(data: Path, query: str) -> list[tuple[Any, ...]]:
    """Ask the catalogue of a data directory."""
    with sqlite3.connect(data / "catalogue.db") as connection:
        return connection.execute(query).fetchall()


def status(data: Path) -> Any:
    """download_status.json."""
    return json.loads((data / "download_status.json").read_text(encoding="utf-8"))
