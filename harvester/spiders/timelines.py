"""Images of Mastodon posts, from the API of any instance: the spider's mode with `acct=`, `hashtag=` and the like."""

import logging
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, Self

from scrapy import Request
from scrapy.crawler import Crawler

from harvester.arguments import check_names, choice, file_path, retry
from harvester.catalogue import listings, numbering, queries, writer
from harvester.catalogue.listings import Listing
from harvester.catalogue.queries import Owed
from harvester.errors import BadInput, Cut
from harvester.items import NUMBERED, Collection, ImageItem, Page
from harvester.options import check_keys, check_settings, picture_options
from harvester.places import Places
from harvester.reasons import TEMPORARY
from harvester.sites import userposts
from harvester.sites.mastodon import answers, consent, media, paging, request
from harvester.sites.mastodon.api import Cursor
from harvester.sites.mastodon.numbers import Numbers
from harvester.sites.mastodon.posts import Post
from harvester.sites.mastodon.reach import Mark
from harvester.sites.pages import Answer, Classify, Verdict
from harvester.spiders.listing import ListingSpider
from harvester.spiders.output import check_collection, output_folder
from harvester.spiders.sources import Source, Sources

logger = logging.getLogger(__name__)

FORMATS = ("jpeg", "rgb", "original")

ARGUMENTS = ("acct", "accounts", "hashtag", "timeline", "url", "instance", "since", "until", "boosts", "replies",
             "max_posts", "collect_only", "output", "format", "retry")  # fmt: skip


class TimelineSpider(ListingSpider):
    """Walks accounts, hashtags and timelines; names pictures by numbers it gives; writes the data set at the end."""

    classify: ClassVar[Classify] = staticmethod(answers.classify)
    longest_wait = 1000.0  # Mastodon's longest window is 15 minutes; what is longer shall not hold up other servers

    asked: request.Asked
    keys: dict[str, str]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._wishes: dict[str, str] = {}  # account left out in this run -> what it wishes

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> Self:
        """Checks every argument before anything is opened; `name` is the spider's. Raises BadInput."""
        name = kwargs.pop("name")
        check_names(f"{name} (from the API)", kwargs, ARGUMENTS)
        settings, places = crawler.settings, Places.from_settings(crawler.settings)
        spider = super().from_crawler(crawler, *args, name=name)
        spider.arguments = {word: value for word, value in kwargs.items() if word in ARGUMENTS}
        spider.retry = retry(kwargs)
        form = choice("format", kwargs.get("format", "jpeg"), FORMATS)
        check_settings(settings)
        picture_options(settings, form)
        spider.asked = request.asked(spider.arguments, settings["MASTODON_WISHES"])
        if "accounts" in kwargs:
            spider.asked = request.with_handles(spider.asked, _accts(file_path("accounts", kwargs)))
        spider.keys = request.tokens(settings["MASTODON_TOKENS"])
        check_keys(settings, "MASTODON_TOKENS", spider.keys)
        spider.page_delay = request.page_seconds(settings["MASTODON_PAGE_SECONDS"])
        folder = places.stored(output_folder(places, name, kwargs.get("output")))
        spider.collection = Collection(name, folder, form, NUMBERED)
        check_collection(places, spider.collection)
        return spider

    async def prepare(self) -> None:
        """Learn which numbers are given already."""
        known = await self.ledger.ask(queries.acct_of)
        self.numbers = Numbers(known, await self.ledger.ask(numbering.next_posts))
        for acct in Sources.accts(self.asked):
            self.numbers.user(acct)
        await self._name_users()
        self._sources: dict[str, Source] = {}
        self._before: set[str] = set()  # ids of the page before
        self._posts: list[Post] = []

    async def queries(self) -> AsyncIterator[str]:
        """Each source in turn; one that cannot be read is recorded with its reason."""
        async for source in Sources(self.asked, self.answer, self.keys).found():
            self._sources[source.name] = source
            self._wishes.update(source.wishes)
            if source.refusal:
                await self._refuse(source)
            else:
                yield source.name

    def page_request(self, listing: Listing) -> Request:
        """The page at the cursor, in our own parameters."""
        name, _, value = (listing.cursor or "").partition("=")
        return Sources.request(self._sources[listing.query].listing.page(Cursor(name, value) if name else None))

    def read(self, answer: Answer, listing: Listing) -> Page:
        """The posts of a page; where the next begins follows from how far the listing was walked before. Raises Cut."""
        if answers.classify(answer) is not Verdict.OK:
            raise Cut(self.why(answer))
        source, mark = self._sources[listing.query], Mark.of(listing.mark)
        found = source.page(answer.body, self.asked.wanted)
        begins = listing.cursor is None
        following = None if source.single else paging.older(answer.headers, found.ids, self._before)
        self._before = set(found.ids)
        if begins and mark.reach.stretches:
            found.leave_out_known(mark.reach.stretches[0].heads)
        if self.asked.most and len(mark.reach.stretches) <= (0 if begins else 1):
            following = found.trim(self.asked.most - mark.posts) or following
        walked = (mark.reach.begun if begins else mark.reach.continued)(found.ids, following)
        mark = Mark(walked, mark.posts + len(found.posts))
        enough = self.asked.most and mark.posts >= self.asked.most and len(walked.stretches) <= 1
        self._posts = found.posts
        self._wishes.update(found.wishes)
        return Page(
            items=sum(found.left_out.values()),
            next=None if enough or found.past or source.single else _text(walked.cursor),
            counts=dict(found.left_out),
            mark=mark.text,
        )

    def why(self, answer: Answer) -> str:
        """Which refusal it is, and the status."""
        refusal = answers.refusal(answer)
        return f"{refusal}: {answers.MEANINGS[refusal]} (HTTP {answer.status})" if refusal else super().why(answer)

    def other_address(self, item: ImageItem) -> str | None:
        """Where the origin's file cannot be had, the copies of it; at last the server's preview. Not to evade a no."""
        if item.status != "failed":
            return None
        return media.next_address(item.url, item.metadata, for_good=item.reason not in TEMPORARY)

    def last_words(self) -> list[str]:
        """Whose pictures were left out, and which setting decides that."""
        return consent.sentences(self._wishes, self.asked.wanted.respected)

    async def _page(self, listing: Listing) -> Page:
        """Pictures get their places: those they have already, or the next free ones."""
        page = await super()._page(listing)
        keys = self.numbers.keys(self._posts)
        promises = self.numbers.promises(self._posts, await self.ledger.ask(numbering.positions_of, keys))
        await self._name_users()
        return replace(page, promises=promises, items=page.items + len(promises))

    def _answered(self, item: ImageItem) -> None:
        """What came from another address than the first is told as that."""
        if item.open and item.url == media.reduced_address(item.metadata):
            item.metadata["reduced"] = True
            item.detail = f"reduced: {item.url}"
        elif item.open and item.url in item.metadata.get("other_addresses", ()):
            item.detail = f"from {item.url}"
        super()._answered(item)

    async def _name_users(self) -> None:
        if self.numbers.new:
            named, self.numbers.new = self.numbers.new, {}
            await self.ledger.change(writer.name_accounts, named)

    async def _refuse(self, source: Source) -> None:
        listing = await self.ledger.change(listings.begin, source.name)
        self.tell(await self.ledger.change(listings.cut, listing.row, source.refusal, False))

    async def _owed(self, host: str, after: int, limit: int) -> list[Owed]:
        """Nothing is dealt out while only collecting."""
        return [] if self.asked.collect_only else await super()._owed(host, after, limit)


def _text(cursor: Cursor | None) -> str | None:
    return f"{cursor.name}={cursor.value}" if cursor else None


def _accts(path: Path) -> list[str]:
    """The accounts of a CSV file, in its order."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            return list(userposts.read_accounts(lines, path.name).index)
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror}.") from error
