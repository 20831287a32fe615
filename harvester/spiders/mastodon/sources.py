"""Resolution of the requested accounts and targets into listings, by looking up home servers and accounts."""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from scrapy import Request

from harvester.errors import ListingIncomplete
from harvester.parsing.responses import SiteResponse
from harvester.spiders.mastodon import api, posts
from harvester.spiders.mastodon.accounts import LookupResult, parse_lookup
from harvester.spiders.mastodon.addresses import Handle, Target, TargetKind, domain_of, parse_handle
from harvester.spiders.mastodon.arguments import HarvestArguments
from harvester.spiders.mastodon.opt_out import OPT_OUTS, RESPECTED_BY_DEFAULT
from harvester.spiders.mastodon.posts import PostFilter
from harvester.spiders.mastodon.responses import Refusal, refusal_text
from harvester.spiders.mastodon.webfinger import HomeServer, parse_host_meta, parse_instance, parse_webfinger
from harvester.text import escape_control_chars

logger = logging.getLogger(__name__)
FetchResponse = Callable[[Request], Awaitable[SiteResponse]]


@dataclass(frozen=True)
class Source:
    """One listing: its name, which stays the same between runs, and if it cannot be read, its refusal.

    `domain` completes the names of the server's own accounts; `names` are those of an account: as requested, and as
    its server writes it. `opt_outs`: account -> why, if its owner does not want it.
    """

    name: str
    listing: api.PostListing
    domain: str
    refusal: str = ""
    is_single: bool = False
    opt_outs: Mapping[str, str] = field(default_factory=dict)
    names: tuple[str, str] | None = None

    def parse_page(self, body: bytes, post_filter: PostFilter) -> posts.PostPage:
        """Parse a response into a page of posts. A single post was asked for, so it may be a boost."""
        if self.is_single:
            return posts.parse_single(body, self.domain, replace(post_filter, boosts=True))
        return posts.parse_page(body, self.domain, post_filter, owner=self.names[1] if self.names else "")


MAX_NAME_LENGTH = 600

_NO_LISTING = api.PostListing("", ())


class SourceResolver:
    """Finds the sources one after the other; `fetch` makes requests, `credentials` has the tokens."""

    def __init__(self, options: HarvestArguments, fetch: FetchResponse, credentials: Mapping[str, str]) -> None:
        self._options = options
        self._fetch = fetch
        self._credentials = credentials
        self._server_domains: dict[str, str | None] = {}  # base URL -> domain of its accounts, None without the API

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
            home_server = await self._find_home_server(account, domain_url, scheme)
        except ListingIncomplete as error:
            return self._make_source(
                str(account), _NO_LISTING, account.domain, f"no response to WebFinger: {error.detail}"
            )
        if home_server is None:
            return await self._look_up_at(account, domain_url, account.user, (account.domain,))
        own_domains = (home_server.handle.domain, account.domain, domain_of(home_server.base))
        return await self._look_up_at(account, home_server.base, home_server.handle.user, own_domains)

    async def _find_home_server(self, account: Handle, domain_url: str, scheme: str) -> HomeServer | None:
        """The server that webfinger names, at the domain or where the domain's host-meta sends for it.

        Raises ListingIncomplete if the domain does not answer.
        """
        response = await self._fetch(self.api_request(api.webfinger_url(account, domain_url)))
        home_server = parse_webfinger(response.body, account, scheme) if response.status == 200 else None
        if home_server is not None:
            return home_server
        try:
            response = await self._fetch(self.api_request(api.host_meta_url(domain_url)))
            url = parse_host_meta(response.body, account, scheme) if response.status == 200 else None
            response = await self._fetch(self.api_request(url)) if url else response
        except ListingIncomplete:
            return None
        return parse_webfinger(response.body, account, scheme) if url and response.status == 200 else None

    async def _server_domain(self, base: str) -> str | None:
        """The domain of a server's accounts; empty if it does not say, None if it does not have Mastodon's API."""
        if base not in self._server_domains:
            try:
                response = await self._fetch(self.api_request(api.instance_url(base)))
            except ListingIncomplete:
                return ""
            self._server_domains[base] = parse_instance(response.body) if response.status in (200, 404) else ""
        return self._server_domains[base]

    async def _look_up_at(self, account: Handle, base: str, name: str, own_domains: Sequence[str]) -> Source:
        source_name = f"{account} at {base}"
        domain = next(iter(own_domains))
        try:
            response = await self._fetch(self.api_request(api.lookup_url(base, name)))
        except ListingIncomplete as error:
            return self._make_source(
                source_name, _NO_LISTING, domain, f"no response to the account lookup: {error.detail}"
            )
        lookup = await self._parse_lookup(response, account, base, own_domains)
        if lookup.account is None or lookup.refusal:
            return self._make_source(source_name, _NO_LISTING, domain, _refusal_text(lookup, response, base))
        if lookup.account.moved_to:
            logger.warning(
                "%s has moved to %s; reading the posts of the old account",
                account,
                escape_control_chars(lookup.account.moved_to),
            )
        if opt_out := lookup.account.opt_out:
            refused_source = self._make_source(source_name, _NO_LISTING, domain, f"{opt_out}: {OPT_OUTS[opt_out]}")
            return replace(refused_source, opt_outs={lookup.account.acct: opt_out})
        post_filter = self._options.post_filter
        listing = api.account_posts(base, lookup.account.ident, boosts=post_filter.boosts, replies=post_filter.replies)
        return replace(self._make_source(source_name, listing, domain), names=(str(account), lookup.account.acct))

    async def _parse_lookup(
        self, response: SiteResponse, account: Handle, base: str, own_domains: Sequence[str]
    ) -> LookupResult:
        """The result of a lookup; where it is a refusal that the server may clear up, the server is asked."""
        respected = self._options.post_filter.respected
        lookup = parse_lookup(response, account, own_domains, respected)
        if lookup.refusal not in (Refusal.MISSING, Refusal.OTHER_ACCOUNT):
            return lookup
        server_domain = await self._server_domain(base)
        if server_domain is None and lookup.refusal == Refusal.MISSING:
            return LookupResult(None, Refusal.NO_API)
        return parse_lookup(response, account, (*own_domains, server_domain or own_domains[0]), respected)

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


def _refusal_text(lookup: LookupResult, response: SiteResponse, base: str) -> str:
    """Why an account cannot be read, and what the user can do."""
    refusal = lookup.refusal or Refusal.UNREADABLE
    text = refusal_text(refusal, response)
    if refusal == Refusal.OTHER_ACCOUNT:
        server = domain_of(base) if base == f"https://{domain_of(base)}" else base
        return f"{text}: if you mean {lookup.answered}, use -a acct={lookup.answered} -a instance={server}"
    if refusal == Refusal.NO_API:
        redirected = "" if response.url.startswith(f"{base}/api/") else f", redirected to {response.url[:100]}"
        return f"{text}{redirected}; if another server has the account, name it with -a instance=HOST"
    return text
