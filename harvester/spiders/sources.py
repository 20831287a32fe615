"""From what a user asked for to listings that can be walked: homes and accounts are looked up on the way."""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field, replace

from scrapy import Request

from harvester.errors import Cut
from harvester.sites.mastodon import answers, api, posts
from harvester.sites.mastodon.accounts import looked_up
from harvester.sites.mastodon.addresses import Handle, Kind, Target, domain_of, handle
from harvester.sites.mastodon.consent import RESPECTED, WISHES
from harvester.sites.mastodon.posts import Wanted
from harvester.sites.mastodon.request import Asked
from harvester.sites.mastodon.webfinger import home
from harvester.sites.pages import Answer
from harvester.text import printable

logger = logging.getLogger(__name__)
Ask = Callable[[Request], Awaitable[Answer]]


@dataclass(frozen=True)
class Source:
    """One listing: its name, which stays the same between runs; or why it cannot be read.

    `domain` completes the names of the server's own accounts; `wishes`: account -> why, if its owner does not want it.
    """

    name: str
    listing: api.Listing
    domain: str
    refusal: str = ""
    single: bool = False
    wishes: Mapping[str, str] = field(default_factory=dict)

    def page(self, body: bytes, wanted: Wanted) -> posts.Page:
        """The posts of an answer."""
        return (posts.single if self.single else posts.page)(body, self.domain, wanted)


LONGEST_NAME = 600

_NONE = api.Listing("", ())


class Sources:
    """Finds the sources one after the other; `ask` asks servers, `keys` says at which of them there is a token."""

    def __init__(self, asked: Asked, ask: Ask, keys: Mapping[str, str]) -> None:
        self._asked = asked
        self._ask = ask
        self._keys = keys

    @staticmethod
    def request(url: str) -> Request:
        """A request to the API, never answered from the cache: it tells what is there now."""
        return Request(url, headers={"Accept": "application/json"}, meta={"dont_cache": True}, dont_filter=True)

    @staticmethod
    def accts(asked: Asked) -> list[str]:
        """The accounts that were asked for, in their order: they have numbers whatever becomes of them."""
        domain = domain_of(asked.instance)
        return [str(one if one.domain else Handle(one.user, domain)) for one in asked.handles]

    async def found(self) -> AsyncIterator[Source]:
        """Every source, with its refusal where there is one."""
        for one in self._asked.handles:
            yield await self._account(one, self._asked.instance)
        for target in self._asked.targets:
            yield await self._target(target)

    async def _target(self, target: Target) -> Source:
        base, domain = target.base, domain_of(target.base)
        if target.kind == Kind.ACCOUNT:
            seen = handle(target.value)
            wanted = seen if seen.domain else Handle(seen.user, domain)
            return await self._at_home(wanted, base.partition("://")[0])
        if target.kind == Kind.POST:
            listing = api.Listing(api.post(base, target.value), ())
            return self._source(f"post {target.value} at {base}", listing, domain, one=True)
        if target.kind == Kind.ADDRESS:
            listing = api.Listing(api.search_post(base, target.value, signed_in=base in self._keys), ())
            return self._source(f"post {target.value}", listing, domain, one=True)
        listing = {
            Kind.TAG: lambda: api.tag_posts(base, target.value),
            Kind.LIST: lambda: api.list_posts(base, target.value),
            Kind.TIMELINE: lambda: api.timeline(base, local=target.value == "local"),
        }[target.kind]()
        return self._source(f"{target.kind} {target.value} at {base}", listing, domain)

    async def _account(self, wanted: Handle, instance: str) -> Source:
        """An account at its home server, or at the instance that is to be asked."""
        if instance:
            domain = domain_of(instance)
            full = wanted if wanted.domain else Handle(wanted.user, domain)
            return await self._at(full, instance, full.user if full.domain == domain else str(full), (domain,))
        return await self._at_home(wanted, "https")

    async def _at_home(self, wanted: Handle, scheme: str) -> Source:
        """An account at the server that its domain names; at the domain itself, where that names none."""
        domain = f"{scheme}://{wanted.domain}"
        try:
            answer = await self._ask(self.request(api.webfinger(wanted, domain)))
            found = home(answer.body, wanted, scheme) if answer.status == 200 else None
        except Cut as cut:
            return self._source(str(wanted), _NONE, wanted.domain, f"no answer to webfinger: {cut.why}")
        if found is None:
            return await self._at(wanted, domain, wanted.user, (wanted.domain,))
        return await self._at(wanted, found.base, found.handle.user, (wanted.domain, domain_of(found.base)))

    async def _at(self, wanted: Handle, base: str, name: str, own: Collection[str]) -> Source:
        here, domain = f"{wanted} at {base}", next(iter(own))
        try:
            answer = await self._ask(self.request(api.lookup(base, name)))
        except Cut as cut:
            return self._source(here, _NONE, domain, f"no answer to the lookup: {cut.why}")
        found = looked_up(answer, wanted, own, self._asked.wanted.respected)
        if found.account is None or found.refusal:
            why = found.refusal or answers.Refusal.UNREADABLE
            return self._source(here, _NONE, domain, f"{why}: {answers.MEANINGS[why]} (HTTP {answer.status})")
        if found.account.moved_to:
            logger.warning("%s has moved to %s; its old posts are walked", wanted, printable(found.account.moved_to))
        if wish := found.account.wish:
            refused = self._source(here, _NONE, domain, f"{wish}: {WISHES[wish]}")
            return replace(refused, wishes={found.account.acct: wish})
        wishes = self._asked.wanted
        listing = api.account_posts(base, found.account.ident, boosts=wishes.boosts, replies=wishes.replies)
        return self._source(here, listing, domain)

    def _source(self, name: str, listing: api.Listing, domain: str, refusal: str = "", *, one: bool = False) -> Source:
        """What is left out by a walk is left out for good, so the name says what was wanted."""
        wanted = self._asked.wanted
        told = {
            " with boosts": wanted.boosts,
            " without replies": not wanted.replies,
            f" since {wanted.since:%FT%TZ}" if wanted.since else "": wanted.since,
            f" until {wanted.until:%FT%TZ}" if wanted.until else "": wanted.until,
            f" respecting {'+'.join(wanted.respected) or 'nothing'}": set(wanted.respected) != set(RESPECTED),
        }
        full = name + "".join(words for words, holds in told.items() if holds)
        return Source(full[:LONGEST_NAME], listing, domain, refusal, one)
