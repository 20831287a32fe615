"""Images of Mastodon posts, from the two files of a UGC data set."""

import logging
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Self

from scrapy.crawler import Crawler
from sqlalchemy import Engine

from harvester.arguments import check_names, choice, required
from harvester.catalogue import queries, writer
from harvester.catalogue.store import open_existing
from harvester.errors import BadInput
from harvester.items import Collection, Promise
from harvester.options import picture_options
from harvester.places import Places
from harvester.sites import userposts
from harvester.spiders.owing import PROMISES_AT_ONCE, OwingSpider

logger = logging.getLogger(__name__)

ARGUMENTS = {
    "posts": "user_posts.json of the data set",
    "accounts": "accounts_labeled.csv of the data set",
    "output": "folder for the named copies, the status file and the log",
    "format": "jpeg, rgb or original; jpeg by default",
    "retry": "which earlier failures to ask for again: failed (the temporary ones), all or none; failed by default",
}


class MastodonSpider(OwingSpider):
    """Takes user_posts.json and accounts_labeled.csv: every image of the data set, named and accounted for."""

    name = "mastodon"

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> Self:
        """Reads and checks both files whole before anything is opened; raises BadInput."""
        check_names(cls.name, kwargs, ARGUMENTS)
        spider = super().from_crawler(crawler, *args)
        spider.arguments = {name: value for name, value in kwargs.items() if name in ARGUMENTS}
        spider.retry = choice("retry", kwargs.get("retry", "failed"), ("failed", "all", "none"))
        places = Places.from_settings(crawler.settings)
        output = (
            Path(kwargs["output"]).expanduser().absolute() if kwargs.get("output") else places.default_output(cls.name)
        )
        form = choice("format", kwargs.get("format", "jpeg"), ("jpeg", "rgb", "original"))
        picture_options(crawler.settings, form)
        spider.collection = Collection(cls.name, places.stored(output), form)
        spider.posts = Path(required("posts", kwargs)).expanduser()
        spider.listed = _read_accounts(Path(required("accounts", kwargs)).expanduser())
        spider.survey = _survey(spider.posts, spider.listed)
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
        with catalogue.connect() as connection:
            found = queries.find_collection(connection, self.name, self.collection.directory)
            if found is None:
                return
            row, known = found
            where = f"The collection in {places.output(known)}"
            if known.format != self.collection.format:
                raise BadInput(f"{where} was made with format={known.format}; for another format give another output=.")
            ours = self.accounts_by_number()
            for index, acct in queries.acct_of(connection, row).items():
                if ours.get(index, acct) != acct:
                    raise BadInput(
                        f"{where} is of another data set: its user {index} is {acct}, that of the accounts file is "
                        f"{ours[index]}; give another output= (known images are not fetched again)."
                    )
            source = self.promises()
            while batch := [p for p in islice(source, PROMISES_AT_ONCE) if p.position]:
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
        for acct in repeated:
            logger.warning("Account %s has more than one row in the accounts file: the last one counts", acct)
        for post in survey.same_index:
            logger.warning("%s: more than one post has this index; the later ones continue the URL numbers", post)
        for acct, urls in survey.unlisted.items():
            logger.info("Account %s is not in the accounts file: its %s URLs are skipped", acct, urls)
        if survey.unlisted:
            logger.warning(
                "%s accounts with %s URLs are not in the accounts file: skipped (account-not-listed)",
                f"{len(survey.unlisted):,}",
                f"{sum(survey.unlisted.values()):,}",
            )


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
