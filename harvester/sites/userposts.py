"""The two input files of the Mastodon UGC data set: `user_posts.json` and `accounts_labeled.csv`.

Their shape is that of the FediData collection (github.com/FDUDataNET/FediData, `data_collection/image_download`).
The readers take open files and give small records; a mistake in a file raises BadInput, which says where it is.
"""

import csv
import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO
from urllib.parse import urlsplit

from harvester.errors import BadInput
from harvester.items import Position, Promise
from harvester.sites.jsonstream import members
from harvester.text import storable, uncell

_HOST = re.compile(r"[A-Za-z0-9._-]{1,253}|[0-9a-fA-F:.]+")

LONGEST_KEY = 2000
"""Characters of an address that serve as its key; PostgreSQL cannot index much longer ones."""

LARGEST_INDEX = 2**63 - 1
"""A database holds no larger number."""


@dataclass
class Accounts:
    """The accounts file: which number each account has, and which accounts stand there more than once."""

    index: dict[str, int] = field(default_factory=dict)
    repeated: list[str] = field(default_factory=list)


@dataclass
class Survey:
    """What a posts file holds, counted before anything is fetched. Numbers of URLs, unless said otherwise."""

    urls: int = 0
    accounts: int = 0
    unlisted: dict[str, int] = field(default_factory=dict)  # acct -> URLs
    same_index: list[str] = field(default_factory=list)  # "acct, post index"


def read_accounts(lines: Iterable[str], name: str) -> Accounts:
    """The accounts file, from its text lines (a byte order mark taken off); the last row of an account wins.

    Raises BadInput where there is no `acct` column or the text is not CSV.
    """
    reader = csv.DictReader(lines)
    found = Accounts()
    try:
        columns = [column for column in reader.fieldnames or [] if column]
        if "acct" not in columns:
            listed = ", ".join(columns) or "none"
            raise BadInput(f"{name}: there is no column named acct (columns found: {listed}).")
        for index, row in enumerate(reader):
            acct = uncell(row["acct"] or "")
            if acct in found.index:
                found.repeated.append(acct)
            found.index[acct] = index
    except csv.Error as error:
        raise BadInput(f"{name}, line {reader.line_num + 1}: not CSV ({error}).") from error
    except UnicodeDecodeError as error:
        raise BadInput(f"{name}: not UTF-8 text ({error.reason} behind line {reader.line_num}).") from error
    return found


def survey(posts: BinaryIO, name: str, accounts: Accounts) -> Survey:
    """Read the whole posts file once, keep only counts; raises BadInput at the first mistake."""
    found = Survey()
    for acct, user_posts in _users(posts, name):
        found.accounts += 1
        number = sum(len(post["image_urls"]) for post in user_posts)
        found.urls += number
        if acct not in accounts.index:
            found.unlisted[acct] = number
        times = Counter(post["index"] for post in user_posts)
        found.same_index += [f"{acct}, post {index}" for index, number in times.items() if number > 1]
    return found


def promises(posts: BinaryIO, name: str, accounts: Accounts) -> Iterator[Promise]:
    """Every URL of the posts file as a promise, in the order of the file."""
    for acct, user_posts in _users(posts, name):
        user = accounts.index.get(acct)
        used: dict[int, int] = {}  # post index -> URLs so far: a second post of one index goes on counting
        for post in user_posts:
            first = used.get(post["index"], 0)
            used[post["index"]] = first + len(post["image_urls"])
            for number, url in enumerate(post["image_urls"], start=first):
                position = None if user is None else Position(user, post["index"], number)
                yield promise_of(url, acct, position)


def promise_of(url: str, acct: str, position: Position | None) -> Promise:
    """The promise of one address: its key is the same whatever data set or page names it."""
    host = host_of(url)
    reason = "bad-url" if host is None else ("account-not-listed" if position is None else None)
    stored = storable(url)
    key = (
        stored if len(stored) <= LONGEST_KEY else f"sha256:{hashlib.sha256(url.encode('utf-8', 'replace')).hexdigest()}"
    )
    return Promise(key, host or "", None if key == stored else stored, position, storable(acct), reason)


def host_of(url: str) -> str | None:
    """The host an http(s) address names, in lower case; None for anything else, and for one with a password in it."""
    try:
        parts = urlsplit(url.strip())
        host = parts.hostname or ""
        name = host if ":" in host else host.encode("idna").decode("ascii")
        usable = parts.port is None or parts.port > 0
    except ValueError:  # UnicodeError too
        return None
    good = usable and parts.scheme in ("http", "https") and "@" not in parts.netloc and "\0" not in url
    return host.lower() if good and _HOST.fullmatch(name) else None


def _users(posts: BinaryIO, name: str) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    seen: set[str] = set()
    for acct, user_posts in members(posts, name):
        if acct in seen:
            raise BadInput(f"{name}: account {acct!r} stands there twice.")
        seen.add(acct)
        _check(user_posts, f"{name}: account {acct!r}")
        yield acct, user_posts


def _check(user_posts: Any, where: str) -> None:
    if not isinstance(user_posts, list):
        raise BadInput(f"{where}: expected a list of posts, found {_shown(user_posts)}.")
    for number, post in enumerate(user_posts):
        here = f"{where}, post number {number}"
        if not isinstance(post, dict):
            raise BadInput(f"{here}: expected an object, found {_shown(post)}.")
        for key in ("index", "image_urls"):
            if key not in post:
                raise BadInput(f"{here}: there is no {key!r}.")
        _check_index(post["index"], here)
        _check_urls(post["image_urls"], here)


def _check_index(index: Any, here: str) -> None:
    if type(index) is not int or not 0 <= index <= LARGEST_INDEX:
        raise BadInput(f"{here}: 'index' must be a whole number from 0, found {_shown(index)}.")


def _check_urls(urls: Any, here: str) -> None:
    if not isinstance(urls, list):
        raise BadInput(f"{here}: 'image_urls' must be a list, found {_shown(urls)}.")
    for number, url in enumerate(urls):
        if not isinstance(url, str):
            raise BadInput(f"{here}: image_urls[{number}] must be text, found {_shown(url)}.")


def _shown(value: Any) -> str:
    try:
        text = json.dumps(value, ensure_ascii=False, default=str)
    except RecursionError:
        return "something deeply nested"
    return text if len(text) <= 60 else f"{text[:57]}..."
