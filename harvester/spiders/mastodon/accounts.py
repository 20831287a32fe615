"""Parser for Mastodon accounts in lookups and posts."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from harvester.parsing.responses import SiteResponse
from harvester.parsing.urls import ascii_domain, canonical_acct
from harvester.spiders.mastodon import json_fields, opt_out
from harvester.spiders.mastodon.addresses import Handle
from harvester.spiders.mastodon.responses import Refusal, find_refusal


@dataclass(frozen=True)
class Account:
    """One account. `acct` is `user@domain`, also for local ones; `opt_out` is a key of OPT_OUTS, or empty."""

    ident: str
    acct: str
    url: str
    moved_to: str
    limited: bool
    bot: bool
    opt_out: str


@dataclass(frozen=True)
class LookupResult:
    """The result of an account lookup: the account, or the reason why it cannot be harvested."""

    account: Account | None
    refusal: Refusal | None = None
    answered: str = ""  # with OTHER_ACCOUNT: the name in the response


def parse_lookup(
    response: SiteResponse,
    handle: Handle,
    own_domains: Collection[str],
    respected: Collection[str] = opt_out.RESPECTED_BY_DEFAULT,
) -> LookupResult:
    """The account in the response of a lookup, if it is the wanted one.

    `own_domains` are the domains of the requested server's own accounts, such as the handle's domain and the host. The
    first of them completes the names of local accounts. Names are compared without case.
    """
    if cause := find_refusal(response):
        return LookupResult(None, cause)
    data = json_fields.as_dict(json_fields.parse_json_or_none(response.body))
    domain = next(iter(own_domains), "")
    account = parse_account(data, domain, respected)
    if not account.ident or not json_fields.as_text(data.get("acct")):
        return LookupResult(None, Refusal.UNREADABLE)
    if not _is_same_account(json_fields.as_text(data.get("acct")), handle, own_domains):
        return LookupResult(None, Refusal.OTHER_ACCOUNT, account.acct)
    return LookupResult(account, Refusal.SUSPENDED if data.get("suspended") is True else None)


def parse_account(
    data: Mapping[str, Any], domain: str, respected: Collection[str] = opt_out.RESPECTED_BY_DEFAULT
) -> Account:
    """The account in an Account object; missing values are empty. `domain` completes the name of a local one."""
    return Account(
        ident=json_fields.as_id(data.get("id")),
        acct=_full_acct(json_fields.as_text(data.get("acct")), domain),
        url=json_fields.as_text(data.get("url")),
        moved_to=_new_acct(json_fields.as_dict(data.get("moved")), domain),
        limited=data.get("limited") is True,
        bot=data.get("bot") is True,
        opt_out=opt_out.find_opt_out(data, respected),
    )


def _new_acct(moved: Mapping[str, Any], domain: str) -> str:
    """The acct of the new account, for a lookup on its own server, as the id here is only valid on this one."""
    return _full_acct(json_fields.as_text(moved.get("acct")), domain)


def _full_acct(acct: str, domain: str) -> str:
    acct = acct.strip().removeprefix("@")
    return canonical_acct(acct if not acct or "@" in acct or not domain else f"{acct}@{domain}")


def _is_same_account(acct: str, handle: Handle, own_domains: Collection[str]) -> bool:
    user, _, domain = acct.strip().removeprefix("@").partition("@")
    domain, own_names = ascii_domain(domain), {ascii_domain(name) for name in (*own_domains, "")}
    is_same_server = domain == handle.domain or {domain, handle.domain} <= own_names
    return user.casefold() == handle.user.casefold() and is_same_server
