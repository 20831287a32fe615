"""Resolution of the requested accounts and targets into listings, by looking up home servers and accounts."""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field, replace

from scrapy import Request

from harvester.errors import ListingIncomplete
from harvester.parsing.responses import SiteResponse
from harvester.spiders.mastodon import api, posts, responses
from harvester.spiders.mastodon.accounts import parse_lookup
from harvester.spiders.mastodon.addresses import Handle, Target, TargetKind, domain_of, parse_handle
from harvester.spiders.mastodon.arguments import HarvestArguments
from harvester.spiders.mastodon.opt_out import OPT_OUTS, RESPECTED_BY_DEFAULT
from harvester.spiders.mastodon.posts import PostFilter
from harvester.spiders.mastodon.webfinger import parse_webfinger
from harvester.text import escape_control_chars

logger = logging.getLogger(__name__)
FetchResponse = Callable[[Request], Awaitable[SiteResponse]]


@dataclass(frozen=True)
class Source:
    """One listing: its name, which stays the same between runs, and if it cannot be read, its refusal.

    `domain` completes the names of the server's own accounts;
    `opt_outs`: account -> why, if its owner does not want it.
    """

    name: str
    listing: api.PostListing
    domain: str
    refusal: str = ""
    is_single: bool = False
    opt_outs: Mapping[str, str] = field(default_factory=dict)

    def parse_page(self, body: bytes, post_filter: PostFilter) -> posts.PostPage:
        """Parse a response into a page of posts. A single post was asked for, so it may be a boost."""
        if self.is_single:
            return posts.parse_single(body, self.domain, replace(post_filter, boosts=True))
        return posts.parse_page(body, self.domain, post_filter)


MAX_NAME_LENGTH = 600

_NO_LISTING = api.PostListing("", ())


class SourceResolver:
    """Finds the sources one after the other; `fetch` makes requests, `credentials` has the tokens."""

    def __init__(self, options: HarvestArguments, fetch: FetchResponse, credentials: Mapping[str, str]) -> None:
        self._options = options
        self._fetch = fetch
        self._credentials = credentials

    @staticmethod
    def api_request(url: str) -> Request:
        """A request to the API that is never answered from the cache."""
        return Request(url, headers={"Accept": "application/json"}, meta={"dont_cache": True}, dont_filter=True)

    @staticmethod
    def requested_accts(options: HarvestArguments) -> list[str]:
        """The requested accounts in their order; each has a number, whether or not it can be read."""
        domain = domain_of(options.instance)
        return [str(account if account.domain else Handle(account.user, domain)) for account in options.handles]

    async def resolve(self) -> AsyncIterator[Source]:
        """Yield every source; one that cannot be read has a refusal."""
        for account in self._options.handles:
            yield await self._resolve_account(account, self._options.instance)
        for target in self._options.targets:
            yield await self._resolve_target(target)

    async def _resolve_target(self, target: Target) -> Source:
        base, domain = target.base, domain_of(target.base)
        if target.kind == TargetKind.ACCOUNT:
            parsed = parse_handle(target.value)
            account = parsed if parsed.domain else Handle(parsed.user, domain)
            return await self._resolve_at_home(account, base.partition("://")[0])
        if target.kind == TargetKind.POST:
            listing = api.PostListing(api.post_url(base, target.value), ())
            return self._make_source(f"post {target.value} at {base}", listing, domain, is_single=True)
        if target.kind == TargetKind.POST_URL:
            listing = api.PostListing(api.search_url(base, target.value, signed_in=base in self._credentials), ())
            return self._make_source(f"post {target.value}", listing, domain, is_single=True)
        listing = {
            TargetKind.TAG: lambda: api.tag_posts(base, target.value),
            TargetKind.LIST: lambda: api.list_posts(base, target.value),
            TargetKind.TIMELINE: lambda: api.timeline_posts(base, local=target.value == "local"),
        }[target.kind]()
        return self._make_source(f"{target.kind} {target.value} at {base}", listing, domain)

    async def _resolve_account(self, account: Handle, instance: str) -> Source:
        """The source of an account, at its home server or at the given instance."""
        if instance:
            domain = domain_of(instance)
            full = account if account.domain else Handle(account.user, domain)
            return await self._look_up_at(full, instance, full.user if full.domain == domain else str(full), (domain,))
        return await self._resolve_at_home(account, "https")

    async def _resolve_at_home(self, account: Handle, scheme: str) -> Source:
        """The source of an account at the server that its domain names, or at the domain itself if it names none."""
        domain_url = f"{scheme}://{account.domain}"
        try:
            response = await self._fetch(self.api_request(api.webfinger_url(account, domain_url)))
            home_server = parse_webfinger(response.body, account, scheme) if response.status == 200 else None
        except ListingIncomplete as error:
            return self._make_source(
                str(account), _NO_LISTING, account.domain, f"no answer to webfinger: {error.detail}"
            )
        if home_server is None:
            return await self._look_up_at(account, domain_url, account.user, (account.domain,))
        return await self._look_up_at(
            account, home_server.base, home_server.handle.user, (account.domain, domain_of(home_server.base))
        )

    async def _look_up_at(self, account: Handle, base: str, name: str, own_domains: Collection[str]) -> Source:
        source_name, domain = f"{account} at {base}", next(iter(own_domains))
        try:
            response = await self._fetch(self.api_request(api.lookup_url(base, name)))
        except ListingIncomplete as error:
            return self._make_source(source_name, _NO_LISTING, domain, f"no answer to the lookup: {error.detail}")
        lookup = parse_lookup(response, account, own_domains, self._options.post_filter.respected)
        if lookup.account is None or lookup.refusal:
            refusal = lookup.refusal or responses.Refusal.UNREADABLE
            return self._make_source(source_name, _NO_LISTING, domain, responses.refusal_text(refusal, response))
        if lookup.account.moved_to:
            logger.warning(
                "%s has moved to %s; its old posts are walked", account, escape_control_chars(lookup.account.moved_to)
            )
        if opt_out := lookup.account.opt_out:
            refused_source = self._make_source(source_name, _NO_LISTING, domain, f"{opt_out}: {OPT_OUTS[opt_out]}")
            return replace(refused_source, opt_outs={lookup.account.acct: opt_out})
        post_filter = self._options.post_filter
        listing = api.account_posts(base, lookup.account.ident, boosts=post_filter.boosts, replies=post_filter.replies)
        return self._make_source(source_name, listing, domain)

    def _make_source(
        self, name: str, listing: api.PostListing, domain: str, refusal: str = "", *, is_single: bool = False
    ) -> Source:
        """A source whose name includes the filter, because posts that a walk leaves out are not visited again."""
        post_filter = self._options.post_filter
        conditions = {
            " with boosts": post_filter.boosts,
            " without replies": not post_filter.replies,
            f" since {post_filter.since:%FT%TZ}" if post_filter.since else "": post_filter.since,
            f" until {post_filter.until:%FT%TZ}" if post_filter.until else "": post_filter.until,
            f" respecting {'+'.join(post_filter.respected) or 'nothing'}": set(post_filter.respected)
            != set(RESPECTED_BY_DEFAULT),
        }
        full_name = name + "".join(suffix for suffix, applies in conditions.items() if applies)
        return Source(full_name[:MAX_NAME_LENGTH], listing, domain, refusal, is_single)
