"""Readers for the two input files of the Mastodon UGC data set: `user_posts.json` and `accounts_labeled.csv`.

The files have the shape of the FediData collection (github.com/FDUDataNET/FediData, `data_collection/image_download`).
The readers take open files and return small records. A mistake in a file raises UsageProblem, which says where it is.
"""

import csv
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from harvester.errors import UsageProblem
from harvester.items import DatasetPosition, DiscoveredImage
from harvester.parsing.json_stream import read_members
from harvester.parsing.urls import canonical_acct, discovered_from_url
from harvester.text import csv_unescape

MAX_INDEX = 2**63 - 1
"""The largest number that a database can hold."""


@dataclass
class AccountsFile:
    """The accounts file: the number of each account, and the accounts listed more than once.

    Names are in the form of `canonical_acct`, so that a domain may be written differently in the two files.
    """

    index: dict[str, int] = field(default_factory=dict)
    repeated: list[str] = field(default_factory=list)


@dataclass
class PostsFileSummary:
    """Counts of a posts file, made before anything is fetched: numbers of URLs, unless stated otherwise."""

    urls: int = 0
    accounts: int = 0
    unlisted: dict[str, int] = field(default_factory=dict)  # acct -> URLs
    same_index: list[str] = field(default_factory=list)  # "acct, post index"


def read_accounts(lines: Iterable[str], name: str) -> AccountsFile:
    """Read the accounts file from its text lines, without a byte order mark; the last row of an account counts.

    Raises UsageProblem if there is no `acct` column, or if the text is not CSV.
    """
    reader = csv.DictReader(lines)
    accounts = AccountsFile()
    try:
        columns = [column for column in reader.fieldnames or [] if column]
        if "acct" not in columns:
            column_names = ", ".join(columns) or "none"
            raise UsageProblem(f"{name}: there is no column named acct (columns found: {column_names}).")
        for index, row in enumerate(reader):
            acct = canonical_acct(csv_unescape(row["acct"] or ""))
            if acct in accounts.index:
                accounts.repeated.append(acct)
            accounts.index[acct] = index
    except csv.Error as error:
        raise UsageProblem(f"{name}, line {reader.line_num + 1}: not CSV ({error}).") from error
    except UnicodeDecodeError as error:
        raise UsageProblem(f"{name}: not UTF-8 text ({error.reason} after line {reader.line_num}).") from error
    return accounts


def summarise_posts(posts: BinaryIO, name: str, accounts: AccountsFile) -> PostsFileSummary:
    """Read the whole posts file once and return its counts. Raises UsageProblem at the first mistake."""
    summary = PostsFileSummary()
    for acct, user_posts in _posts_by_account(posts, name):
        summary.accounts += 1
        number = sum(len(post["image_urls"]) for post in user_posts)
        summary.urls += number
        if acct not in accounts.index:
            summary.unlisted[acct] = number
        index_counts = Counter(post["index"] for post in user_posts)
        summary.same_index += [f"{acct}, post {index}" for index, number in index_counts.items() if number > 1]
    return summary


def discover_images(posts: BinaryIO, name: str, accounts: AccountsFile) -> Iterator[DiscoveredImage]:
    """Every URL of the posts file as a discovered image, in file order. Raises UsageProblem."""
    for acct, user_posts in _posts_by_account(posts, name):
        user = accounts.index.get(acct)
        url_counts: dict[int, int] = {}  # by post index; a second post with the same index continues the numbers
        for post in user_posts:
            first = url_counts.get(post["index"], 0)
            url_counts[post["index"]] = first + len(post["image_urls"])
            for number, url in enumerate(post["image_urls"], start=first):
                position = None if user is None else DatasetPosition(user, post["index"], number)
                yield discovered_from_url(url, acct, position)


def _posts_by_account(posts: BinaryIO, name: str) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    seen: set[str] = set()
    for written_acct, user_posts in read_members(posts, name):
        acct = canonical_acct(written_acct)
        if acct in seen:
            raise UsageProblem(f"{name}: account {written_acct!r} appears twice (however its domain is written).")
        seen.add(acct)
        _check_posts(user_posts, f"{name}: account {acct!r}")
        yield acct, user_posts


def _check_posts(user_posts: Any, account_location: str) -> None:
    if not isinstance(user_posts, list):
        raise UsageProblem(f"{account_location}: expected a list of posts, found {_short_json(user_posts)}.")
    for number, post in enumerate(user_posts):
        post_location = f"{account_location}, post number {number}"
        if not isinstance(post, dict):
            raise UsageProblem(f"{post_location}: expected an object, found {_short_json(post)}.")
        for key in ("index", "image_urls"):
            if key not in post:
                raise UsageProblem(f"{post_location}: there is no {key!r}.")
        _check_index(post["index"], post_location)
        _check_urls(post["image_urls"], post_location)


def _check_index(index: Any, location: str) -> None:
    if type(index) is not int or not 0 <= index <= MAX_INDEX:
        raise UsageProblem(f"{location}: 'index' must be a whole number from 0, found {_short_json(index)}.")


def _check_urls(urls: Any, location: str) -> None:
    if not isinstance(urls, list):
        raise UsageProblem(f"{location}: 'image_urls' must be a list, found {_short_json(urls)}.")
    for number, url in enumerate(urls):
        if not isinstance(url, str):
            raise UsageProblem(f"{location}: image_urls[{number}] must be text, found {_short_json(url)}.")


def _short_json(value: Any) -> str:
    try:
        text = json.dumps(value, ensure_ascii=False, default=str)
    except RecursionError:
        return "something deeply nested"
    return text if len(text) <= 60 else f"{text[:57]}..."
