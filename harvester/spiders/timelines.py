"""Images of Mastodon posts, from the API of any instance: the spider's mode with `acct=`, `hashtag=` and the like."""

import json
import logging
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Self

from scrapy import Request, signals
from scrapy.crawler import Crawler

from harvester.arguments import check_names, choice, file_path
from harvester.catalogue import listings, numbering, queries, writer
from harvester.catalogue.listings import Listing
from harvester.catalogue.queries import Owed
from harvester.errors import BadInput, Cut
from harvester.export.userposts import write_collection
from harvester.extensions.ledger import Ledger
from harvester.items import Collection, Page
from harvester.options import check_settings, picture_options
from harvester.places import Places
from harvester.sites import userposts
from harvester.sites.mastodon import answers, paging, posts, reach, request
from harvester.sites.mastodon.addresses import domain_of
from harvester.sites.mastodon.api import Cursor
from harvester.sites.mastodon.numbers import Numbers
from harvester.sites.mastodon.posts import Post
from harvester.sites.pages import Answer, Classify, Verdict
from harvester.spiders.listing import ListingSpider
from harvester.spiders.output import check_collection, output_folder
from harvester.spiders.pace import Pace
from harvester.spiders.sources import Source, Sources

logger = logging.getLogger(__name__)

FORMATS = ("jpeg", "rgb", "original")
LAYOUT = "numbered"
"""How the collection calls names whose numbers are given here, in the order in which posts are met."""

ARGUMENTS = ("acct", "accounts", "hashtag", "timeline", "url", "instance", "since", "until", "boosts", "replies",
             "max_posts", "collect_only", "output", "format", "retry")  # fmt: skip


@dataclass(frozen=True)
class Mark:
    """What is remembered of a listing between runs: how far it was walked, and how many posts were taken."""

    reach: reach.Reach
    posts: int

    @classmethod
    def of(cls, listing: Listing) -> "Mark":
        """The mark of a listing, or an empty one."""
        try:
            taken, stored = json.loads(listing.mark or "")
            return cls(reach.from_text(json.dumps(stored)), int(taken))
        except (TypeError, ValueError):
            return cls(reach.Reach(), 0)

    @property
    def text(self) -> str:
        """For the catalogue."""
        return json.dumps([self.posts, json.loads(self.reach.text())])


class TimelineSpider(ListingSpider):
    """Walks accounts, hashtags and timelines; names pictures by numbers it gives; writes the data set at the end."""

    classify: ClassVar[Classify] = staticmethod(answers.classify)

    asked: request.Asked
    keys: dict[str, str]
    file: Path | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> Self:
        """Checks every argument before anything is opened; `name` is the spider's. Raises BadInput."""
        name = kwargs.pop("name")
        check_names(f"{name} (from the API)", kwargs, ARGUMENTS)
        settings, places = crawler.settings, Places.from_settings(crawler.settings)
        spider = super().from_crawler(crawler, *args, name=name)
        spider.arguments = {word: value for word, value in kwargs.items() if word in ARGUMENTS}
        spider.retry = choice("retry", kwargs.get("retry", "failed"), ("failed", "all", "none"))
        form = choice("format", kwargs.get("format", "jpeg"), FORMATS)
        check_settings(settings)
        picture_options(settings, form)
        spider.asked = request.asked(spider.arguments, settings["MASTODON_WISHES"])
        if "accounts" in kwargs:
            spider.asked = request.with_handles(spider.asked, _accts(file_path("accounts", kwargs)))
        spider.keys = request.tokens(settings["MASTODON_TOKENS"])
        spider.pace = Pace(settings["MASTODON_PAGE_SECONDS"])
        folder = places.stored(output_folder(places, name, kwargs.get("output")))
        spider.collection = Collection(name, folder, form, LAYOUT)
        check_collection(places, spider.collection)
        crawler.signals.connect(spider.write_data_set, signal=signals.spider_closed)
        return spider

    pace: Pace

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
            if source.refusal:
                await self._refuse(source)
            else:
                yield source.name

    def page_request(self, listing: Listing) -> Request:
        """The page at the cursor, in our own parameters."""
        name, _, value = (listing.cursor or "").partition("=")
        return Sources.request(self._sources[listing.query].listing.page(Cursor(name, value) if name else None))

    async def answer(self, asked: Request) -> Answer:
        """No faster than the pace of the host."""
        await self.pace.turn(domain_of(asked.url))
        return await super().answer(asked)

    def read(self, answer: Answer, listing: Listing) -> Page:
        """The posts of a page; where the next begins follows from how far the listing was walked before. Raises Cut."""
        if answers.classify(answer) is not Verdict.OK:
            raise Cut(self.why(answer))
        source, mark = self._sources[listing.query], Mark.of(listing)
        found = source.page(answer.body, self.asked.wanted)
        begins = listing.cursor is None
        following = None if source.single else paging.older(answer.headers, found.ids, self._before)
        self._before = set(found.ids)
        if begins and mark.reach.stretches:
            self._leave_out_known(found, mark.reach.stretches[0].heads)
        if self.asked.most and len(mark.reach.stretches) <= (0 if begins else 1):
            following = self._trim(found, self.asked.most - mark.posts) or following
        walked = (mark.reach.begun if begins else mark.reach.continued)(found.ids, following)
        mark = Mark(walked, mark.posts + len(found.posts))
        enough = self.asked.most and mark.posts >= self.asked.most and len(walked.stretches) <= 1
        self._posts = found.posts
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

    async def write_data_set(self) -> None:
        """`user_posts.json` and `accounts.csv`, beside the status file."""
        path = Places.from_settings(self.crawler.settings).status_file(self.collection).parent
        await Ledger.of(self.crawler).ask(write_collection, path)
        logger.info("user_posts.json and accounts.csv are in %s", path)

    async def _page(self, listing: Listing) -> Page:
        """Pictures get their places: those they have already, or the next free ones."""
        page = await super()._page(listing)
        keys = self.numbers.keys(self._posts)
        promises = self.numbers.promises(self._posts, await self.ledger.ask(numbering.positions_of, keys))
        await self._name_users()
        return replace(page, promises=promises, items=page.items + len(promises))

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

    @staticmethod
    def _leave_out_known(found: posts.Page, heads: Sequence[str]) -> None:
        """Drop what lies below the head of an earlier walk: it was taken then, or is behind that walk's cursor."""
        met = next((number for number, ident in enumerate(found.ids) if ident in heads), None)
        if met is not None:
            found.posts = [post for post in found.posts if post.entry in found.ids[:met]]
            found.ids = found.ids[: met + 1]

    @staticmethod
    def _trim(found: posts.Page, room: int) -> Cursor | None:
        """Keep as many posts as there is room for; the next page begins behind the last of them."""
        if len(found.posts) <= room:
            return None
        last = found.posts[room - 1].entry
        found.posts = found.posts[:room]
        found.ids = found.ids[: found.ids.index(last) + 1]
        return Cursor("max_id", last)


def _text(cursor: Cursor | None) -> str | None:
    return f"{cursor.name}={cursor.value}" if cursor else None


def _accts(path: Path) -> list[str]:
    """The accounts of a CSV file, in its order."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            return list(userposts.read_accounts(lines, path.name).index)
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror}.") from error
