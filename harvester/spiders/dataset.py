"""Images of Mastodon posts, from the two files of a UGC data set: the spider's mode with `posts=`."""

import hashlib
import logging
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Self

from scrapy.crawler import Crawler
from sqlalchemy import Connection, Engine

from harvester.arguments import check_names, choice, file_path, retry
from harvester.catalogue import queries, writer
from harvester.catalogue.store import open_existing
from harvester.catalogue.trouble import told_plainly
from harvester.errors import BadInput
from harvester.items import Collection, Promise
from harvester.options import check_settings, picture_options
from harvester.places import Places
from harvester.sites import userposts
from harvester.spiders.output import check_collection, output_folder
from harvester.spiders.owing import PROMISES_AT_ONCE, OwingSpider
from harvester.text import printable

logger = logging.getLogger(__name__)

FORMATS = ("jpeg", "rgb", "original")
SHOWN = 10
"""How many names a warning lists."""

ARGUMENTS = ("posts", "accounts", "output", "format", "retry")


class DataSetSpider(OwingSpider):
    """Takes user_posts.json and accounts_labeled.csv: every image of the data set, named and accounted for."""

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> Self:
        """Reads and checks both files whole before anything is opened; `name` is the spider's. Raises BadInput."""
        name = kwargs.pop("name")
        check_names(f"{name} (of a data set)", kwargs, ARGUMENTS)
        spider = super().from_crawler(crawler, *args, name=name)
        spider.arguments = {word: value for word, value in kwargs.items() if word in ARGUMENTS}
        spider.retry = retry(kwargs)
        places = Places.from_settings(crawler.settings)
        form = choice("format", kwargs.get("format", "jpeg"), FORMATS)
        check_settings(crawler.settings)
        picture_options(crawler.settings, form)
        folder = places.stored(output_folder(places, name, kwargs.get("output")))
        spider.collection = Collection(name, folder, form)
        check_collection(places, spider.collection)
        spider.posts = file_path("posts", kwargs)
        accounts = file_path("accounts", kwargs)
        spider.listed = _read_accounts(accounts)
        spider.survey = _survey(spider.posts, spider.listed)
        spider.source = _digest(spider.posts, accounts)
        spider.compare(places)
        spider.report()
        return spider

    posts: Path
    listed: userposts.Accounts
    survey: userposts.Survey

    async def prepare(self) -> None:
        """Note which account each user number means."""
        await self.ledger.change(writer.name_accounts, self.accounts_by_number())

    def promises(self) -> Iterator[Promise]:
        """Every URL of the posts file."""
        with _open(self.posts) as file:
            yield from userposts.promises(file, self.posts.name, self.listed)

    def accounts_by_number(self) -> dict[int, str]:
        """Which account each user number of this data set means."""
        return {index: acct for acct, index in self.listed.index.items()}

    def compare(self, places: Places) -> None:
        """Refuse files that give another meaning to names the collection has already."""
        catalogue = open_existing(places.catalogue)
        if catalogue is None:
            return
        try:
            self._compare(catalogue, places)
        finally:
            catalogue.dispose()

    def _compare(self, catalogue: Engine, places: Places) -> None:
        with told_plainly(catalogue), catalogue.connect() as connection:
            found = queries.find_collection(connection, self.name, self.collection.directory)
            if found is None:
                return
            row, known = found
            where = f"The collection in {places.output(known)}"
            ours = self.accounts_by_number()
            for index, acct in queries.acct_of(connection, row).items():
                if ours.get(index, acct) != acct:
                    raise BadInput(
                        f"{where} is of another data set: its user {index} is {acct}, that of the accounts file is "
                        f"{ours[index]}; give another output= (known images are not fetched again)."
                    )
            if queries.promising(connection, row) != self.source:  # these very files were compared before
                self._compare_names(connection, row, where)

    def _compare_names(self, connection: Connection, row: int, where: str) -> None:
        source = self.promises()
        while batch := list(islice(source, PROMISES_AT_ONCE)):
            keys = {p.position.name: p.key for p in batch if p.position}
            for name, key in queries.key_of_name(connection, row, list(keys)).items():
                if keys[name] != key:
                    raise BadInput(
                        f"{where} is of another data set: {name} is {key} there and {keys[name]} in "
                        f"{self.posts.name}; give another output= (known images are not fetched again)."
                    )

    def report(self) -> None:
        """Say what the files hold, and what in them will not be fetched or is odd."""
        survey, repeated = self.survey, self.listed.repeated
        logger.info("%s: %s URLs of %s accounts", self.posts.name, f"{survey.urls:,}", f"{survey.accounts:,}")
        _warn("account(s) with more than one row in the accounts file: the last one counts", repeated)
        _warn("post(s) with the index of an earlier one: they continue its URL numbers", survey.same_index)
        for acct, urls in survey.unlisted.items():
            logger.info("Account %s is not in the accounts file: its %s URLs are skipped", printable(acct), urls)
        if survey.unlisted:
            logger.warning(
                "%s accounts with %s URLs are not in the accounts file: skipped (account-not-listed)",
                f"{len(survey.unlisted):,}",
                f"{sum(survey.unlisted.values()):,}",
            )


def _warn(what: str, found: list[str]) -> None:
    if found:
        shown = ", ".join(printable(text) for text in found[:SHOWN])
        logger.warning("%s %s: %s%s", f"{len(found):,}", what, shown, ", …" if len(found) > SHOWN else "")


def _digest(*paths: Path) -> str:
    """One sha256 for the contents of all the files."""
    found = hashlib.sha256()
    for path in paths:
        with _open(path) as file:
            found.update(hashlib.file_digest(file, "sha256").digest())
    return found.hexdigest()


def _open(path: Path) -> Any:
    try:
        return path.open("rb")
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror}.") from error


def _read_accounts(path: Path) -> userposts.Accounts:
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            return userposts.read_accounts(lines, path.name)
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror}.") from error


def _survey(path: Path, accounts: userposts.Accounts) -> userposts.Survey:
    try:
        with _open(path) as file:
            return userposts.survey(file, path.name, accounts)
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror}.") from error
