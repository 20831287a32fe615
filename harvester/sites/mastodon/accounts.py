"""Accounts, as a lookup and as every post shows them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from harvester.sites.mastodon import consent, fields
from harvester.sites.mastodon.addresses import Handle
from harvester.sites.mastodon.answers import Refusal, refusal
from harvester.sites.pages import Answer


@dataclass(frozen=True)
class Account:
    """One account. `acct` is `user@domain` for local ones too; `wish` is a word of `consent.WISHES`, or empty."""

    ident: str
    acct: str
    url: str
    moved_to: str
    limited: bool
    bot: bool
    wish: str


@dataclass(frozen=True)
class Lookup:
    """What came of asking for an account: the account, or why there is none to harvest."""

    account: Account | None
    refusal: Refusal | None = None


def looked_up(
    answer: Answer, wanted: Handle, own: Collection[str], respected: Collection[str] = consent.RESPECTED
) -> Lookup:
    """The account in the answer of `lookup`, if it is the one that was wanted.

    `own` are the domains whose accounts live on the asked server, the first of them the one that completes the names
    of its local accounts: the handle's domain, and the host. Names are compared without case.
    """
    if why := refusal(answer):
        return Lookup(None, why)
    given = fields.mapping(fields.parsed(answer.body))
    domain = next(iter(own), "")
    account = account_of(given, domain, respected)
    if not account.ident or not fields.text(given.get("acct")):
        return Lookup(None, Refusal.UNREADABLE)
    if not _same(fields.text(given.get("acct")), wanted, own):
        return Lookup(None, Refusal.ANOTHER)
    return Lookup(account, Refusal.SUSPENDED if given.get("suspended") is True else None)


def account_of(given: Mapping[str, Any], domain: str, respected: Collection[str] = consent.RESPECTED) -> Account:
    """The account in an Account object; whatever is missing is empty. `domain` completes the name of a local one."""
    return Account(
        ident=fields.ident(given.get("id")),
        acct=_complete(fields.text(given.get("acct")), domain),
        url=fields.text(given.get("url")),
        moved_to=_moved_to(fields.mapping(given.get("moved")), domain),
        limited=given.get("limited") is True,
        bot=given.get("bot") is True,
        wish=consent.wish(given, respected),
    )


def _moved_to(moved: Mapping[str, Any], domain: str) -> str:
    """The acct of the new account, to be looked up on its own server: the id here is this server's."""
    return _complete(fields.text(moved.get("acct")), domain)


def _complete(acct: str, domain: str) -> str:
    acct = acct.strip().removeprefix("@")
    return acct if not acct or "@" in acct or not domain else f"{acct}@{domain}"


def _same(acct: str, wanted: Handle, own: Collection[str]) -> bool:
    user, _, domain = acct.strip().removeprefix("@").partition("@")
    ours = {name.casefold() for name in own} | {""}
    same_server = domain.casefold() == wanted.domain.casefold() or {domain.casefold(), wanted.domain.casefold()} <= ours
    return user.casefold() == wanted.user.casefold() and same_server
