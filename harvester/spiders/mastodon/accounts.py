"""Accounts, as a lookup and as every post shows them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from harvester.parsing.responses import SiteResponse
from harvester.spiders.mastodon import json_fields, opt_out
from harvester.spiders.mastodon.addresses import Handle
from harvester.spiders.mastodon.responses import Refusal, find_refusal


@dataclass(frozen=True)
class Account:
    """One account. `acct` is `user@domain` for local ones too; `wish` is a word of `consent.WISHES`, or empty."""

    ident: str
    acct: str
    url: str
    moved_to: str
    limited: bool
    bot: bool
    opt_out: str


@dataclass(frozen=True)
class LookupResult:
    """What came of asking for an account: the account, or why there is none to harvest."""

    account: Account | None
    refusal: Refusal | None = None


def parse_lookup(
    response: SiteResponse,
    handle: Handle,
    own_domains: Collection[str],
    respected: Collection[str] = opt_out.RESPECTED_BY_DEFAULT,
) -> LookupResult:
    """The account in the answer of `lookup`, if it is the one that was wanted.

    `own` are the domains whose accounts live on the asked server, the first of them the one that completes the names
    of its local accounts: the handle's domain, and the host. Names are compared without case.
    """
    if cause := find_refusal(response):
        return LookupResult(None, cause)
    data = json_fields.as_dict(json_fields.parse_json_or_none(response.body))
    domain = next(iter(own_domains), "")
    account = parse_account(data, domain, respected)
    if not account.ident or not json_fields.as_text(data.get("acct")):
        return LookupResult(None, Refusal.UNREADABLE)
    if not _is_same_account(json_fields.as_text(data.get("acct")), handle, own_domains):
        return LookupResult(None, Refusal.OTHER_ACCOUNT)
    return LookupResult(account, Refusal.SUSPENDED if data.get("suspended") is True else None)


def parse_account(
    data: Mapping[str, Any], domain: str, respected: Collection[str] = opt_out.RESPECTED_BY_DEFAULT
) -> Account:
    """The account in an Account object; whatever is missing is empty. `domain` completes the name of a local one."""
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
    """The acct of the new account, to be looked up on its own server: the id here is this server's."""
    return _full_acct(json_fields.as_text(moved.get("acct")), domain)


def _full_acct(acct: str, domain: str) -> str:
    acct = acct.strip().removeprefix("@")
    return acct if not acct or "@" in acct or not domain else f"{acct}@{domain}"


def _is_same_account(acct: str, handle: Handle, own_domains: Collection[str]) -> bool:
    user, _, domain = acct.strip().removeprefix("@").partition("@")
    own_names = {name.casefold() for name in own_domains} | {""}
    is_same_server = (
        domain.casefold() == handle.domain.casefold() or {domain.casefold(), handle.domain.casefold()} <= own_names
    )
    return user.casefold() == handle.user.casefold() and is_same_server
