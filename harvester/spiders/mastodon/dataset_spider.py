"""Spider for the two files of a UGC data set: the mastodon spider's mode with `posts=`."""

import hashlib
import logging
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Self

from scrapy.crawler import Crawler
from scrapy.settings import BaseSettings
from sqlalchemy import Connection, Engine

from harvester.catalogue import queries, writer
from harvester.catalogue.db_errors import translate_db_errors
from harvester.catalogue.store import open_existing
from harvester.crawl.spider import DISCOVERY_BATCH_SIZE, HarvestSpider
from harvester.dataset import reader
from harvester.errors import UsageProblem
from harvester.items import DiscoveredImage
from harvester.parsing.urls import canonical_acct
from harvester.spider_arguments import Argument, file_path
from harvester.spiders.mastodon.arguments import ACCOUNTS_DESCRIPTION
from harvester.storage.paths import DataPaths
from harvester.text import count_noun, escape_control_chars

logger = logging.getLogger(__name__)

NAMES_SHOWN_IN_WARNING = 10
"""The most names that a warning lists."""


class DatasetSpider(HarvestSpider):
    """Harvests every image of user_posts.json, named by its position and the rows of accounts_labeled.csv."""

    name = "mastodon"
    mode_text = " (of a data set)"

    posts = Argument("`user_posts.json` of a data set", required=True, convert=file_path)
    accounts = Argument(ACCOUNTS_DESCRIPTION, required=True, convert=file_path)

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> Self:
        """Read and check both files before anything is opened; `name` is the spider's. Raises UsageProblem."""
        spider = super().from_crawler(crawler, *args, **kwargs)
        spider.check_same_dataset(DataPaths.from_settings(crawler.settings))
        spider.log_survey()
        return spider

    def configure(self, settings: BaseSettings) -> None:
        """Read and check both files whole."""
        self.accounts_file = _read_accounts(self.accounts)
        self.survey = _survey_posts(self.posts, self.accounts_file)
        self.source_digest = _sha256_of_files(self.posts, self.accounts)

    async def prepare(self) -> None:
        """Record which account each user number means."""
        await self.catalogue.write(writer.record_accounts, self.accounts_by_number())

    def discovered_images(self) -> Iterator[DiscoveredImage]:
        """Yield an image for every URL of the posts file."""
        with _open_file(self.posts) as file:
            yield from reader.discover_images(file, self.posts.name, self.accounts_file)

    def accounts_by_number(self) -> dict[int, str]:
        """User number of this data set -> account."""
        return {index: acct for acct, index in self.accounts_file.index.items()}

    def check_same_dataset(self, paths: DataPaths) -> None:
        """Raise UsageProblem for files that give another meaning to names that the collection already has."""
        engine = open_existing(paths.catalogue)
        if engine is None:
            return
        try:
            self._check_accounts(engine, paths)
        finally:
            engine.dispose()

    def _check_accounts(self, engine: Engine, paths: DataPaths) -> None:
        with translate_db_errors(engine), engine.connect() as connection:
            existing = queries.find_collection(connection, self.name, self.collection.directory)
            if existing is None:
                return
            row, collection = existing
            where = f"The collection in {paths.output(collection)}"
            acct_by_number = self.accounts_by_number()
            for index, acct in queries.accounts_by_user(connection, row).items():
                if acct_by_number.get(index, canonical_acct(acct)) != canonical_acct(acct):
                    raise UsageProblem(
                        f"{where} belongs to another data set: its user {index} is {acct}, but in the accounts file it "
                        f"is {acct_by_number[index]}; give another output= (known images are not fetched again)."
                    )
            if (
                queries.source_digest(connection, row) != self.source_digest
            ):  # otherwise the same files were compared before
                self._check_names(connection, row, where)

    def _check_names(self, connection: Connection, row: int, where: str) -> None:
        images = self.discovered_images()
        while batch := list(islice(images, DISCOVERY_BATCH_SIZE)):
            key_by_name = {image.position.name: image.key for image in batch if image.position}
            for name, key in queries.keys_by_name(connection, row, list(key_by_name)).items():
                if key_by_name[name] != key:
                    raise UsageProblem(
                        f"{where} belongs to another data set: {name} is {key} there and {key_by_name[name]} in "
                        f"{self.posts.name}; give another output= (known images are not fetched again)."
                    )

    def log_survey(self) -> None:
        """Log what the files contain, what will not be fetched, and what is odd."""
        survey, repeated = self.survey, self.accounts_file.repeated
        logger.info("%s: %s URLs of %s accounts", self.posts.name, f"{survey.urls:,}", f"{survey.accounts:,}")
        _warn_about_names("account", "with several rows in the accounts file; the last one counts", repeated)
        _warn_about_names("post", "with the index of an earlier post; their URLs are numbered on", survey.same_index)
        for acct, url_count in survey.unlisted.items():
            logger.info(
                "Account %s is not in the accounts file: skipping %s",
                escape_control_chars(acct),
                count_noun(url_count, "URL"),
            )
        if survey.unlisted:
            logger.warning(
                "Not in the accounts file, so skipped (account-not-listed): %s with %s",
                count_noun(len(survey.unlisted), "account"),
                count_noun(sum(survey.unlisted.values()), "URL"),
            )


def _warn_about_names(noun: str, problem: str, names: list[str]) -> None:
    if names:
        shown = ", ".join(escape_control_chars(name) for name in names[:NAMES_SHOWN_IN_WARNING])
        logger.warning(
            "%s %s: %s%s", count_noun(len(names), noun), problem, shown, ", …" if names[NAMES_SHOWN_IN_WARNING:] else ""
        )


def _sha256_of_files(*paths: Path) -> str:
    """One sha256 of the contents of all files."""
    digest = hashlib.sha256()
    for path in paths:
        with _open_file(path) as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def _open_file(path: Path) -> Any:
    try:
        return path.open("rb")
    except OSError as error:
        raise UsageProblem(f"{path}: {error.strerror}.") from error


def _read_accounts(path: Path) -> reader.AccountsFile:
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            return reader.read_accounts(lines, path.name)
    except OSError as error:
        raise UsageProblem(f"{path}: {error.strerror}.") from error


def _survey_posts(path: Path, accounts: reader.AccountsFile) -> reader.PostsFileSummary:
    try:
        with _open_file(path) as file:
            return reader.summarise_posts(file, path.name, accounts)
    except OSError as error:
        raise UsageProblem(f"{path}: {error.strerror}.") from error
