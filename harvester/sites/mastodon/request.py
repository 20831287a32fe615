"""What a user asks for: the arguments of the API mode and its settings, checked; raises BadInput for a wrong one."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from harvester.errors import BadInput
from harvester.sites.mastodon import fields
from harvester.sites.mastodon.addresses import Handle, Kind, Target, base_url, domain_of, handle, target
from harvester.sites.mastodon.consent import WISHES
from harvester.sites.mastodon.posts import Wanted

SOURCES = ("acct", "accounts", "hashtag", "timeline", "url")
"""Arguments of which exactly one is given."""


@dataclass(frozen=True)
class Asked:
    """What is to be walked: accounts by handle, and anything else as targets; `most` posts of each, 0: all.

    `instance` is the base URL of the server to ask, empty where each account is asked for at its home.
    """

    wanted: Wanted
    most: int = 0
    collect_only: bool = False
    instance: str = ""
    handles: tuple[Handle, ...] = ()
    targets: tuple[Target, ...] = ()
    file: str = ""


def asked(arguments: Mapping[str, str], wishes: str) -> Asked:
    """The arguments of a crawl; `accounts` stays a file name to be read."""
    given = [name for name in SOURCES if name in arguments]
    if len(given) != 1:
        names = ", ".join(f"-a {name}=" for name in SOURCES)
        raise BadInput(f"Give exactly one of {names} (or posts= and accounts= of a data set).")
    instance = base_url(arguments["instance"]) if "instance" in arguments else ""
    if given[0] in ("hashtag", "timeline") and not instance:
        raise BadInput(f"-a {given[0]}= needs -a instance=HOST, the server to ask.")
    if given[0] == "url" and instance:
        raise BadInput("-a url= names its server itself: leave instance= out.")
    found = Asked(
        wanted=Wanted(
            boosts=_switch(arguments, "boosts", "0"),
            replies=_switch(arguments, "replies", "1"),
            since=_day(arguments, "since"),
            until=_day(arguments, "until"),
            respected=_wishes(wishes),
        ),
        most=_number(arguments, "max_posts"),
        collect_only=_switch(arguments, "collect_only", "0"),
        instance=instance,
        file=arguments.get("accounts", ""),
    )
    return _with_sources(found, arguments)


def _with_sources(found: Asked, arguments: Mapping[str, str]) -> Asked:
    if "acct" in arguments:
        return with_handles(found, arguments["acct"].split(","))
    targets: tuple[Target, ...] = ()
    if "hashtag" in arguments:
        if not (tag := arguments["hashtag"].strip().removeprefix("#")) or "/" in tag:
            raise BadInput(f"-a hashtag={arguments['hashtag']}: must be a hashtag.")
        targets = (Target(Kind.TAG, found.instance, tag),)
    if "timeline" in arguments:
        if arguments["timeline"] not in ("public", "local"):
            raise BadInput(f"-a timeline={arguments['timeline']}: must be one of public, local.")
        targets = (Target(Kind.TIMELINE, found.instance, arguments["timeline"]),)
    if "url" in arguments:
        targets = (target(arguments["url"]),)
    return _replaced(found, (), targets)


def with_handles(found: Asked, accts: list[str]) -> Asked:
    """With these accounts to be walked, each once; without an instance each needs its domain."""
    handles = tuple(dict.fromkeys(handle(acct) for acct in accts if acct.strip()))
    if not handles:
        raise BadInput("There is no account to harvest.")
    for one in handles:
        if not one.domain and not found.instance:
            raise BadInput(f"{one}: must be user@host (or give -a instance=HOST).")
    return _replaced(found, handles, ())


def _replaced(found: Asked, handles: tuple[Handle, ...], targets: tuple[Target, ...]) -> Asked:
    return Asked(found.wanted, found.most, found.collect_only, found.instance, handles, targets, found.file)


def tokens(setting: str) -> dict[str, str]:
    """Origin (`https://host`) → token, from MASTODON_TOKENS: JSON {host: token}, or the name of a file with it."""
    text = setting.strip()
    if text and not text.startswith("{"):
        try:
            text = Path(text).expanduser().read_text(encoding="utf-8-sig")
        except (OSError, ValueError, RuntimeError) as error:
            why = getattr(error, "strerror", None) or "no such text"  # not what was given: it may be a token
            raise BadInput(f"MASTODON_TOKENS: neither JSON nor a file that can be read ({why}).") from error
    try:
        given = json.loads(text or "{}")
    except (ValueError, RecursionError):
        given = None
    if not isinstance(given, dict) or not all(_is_token(token) for token in given.values()):
        raise BadInput('MASTODON_TOKENS: must be JSON such as {"mastodon.example": "token"}, or a file with it.')
    return {_origin(host): token for host, token in given.items()}


def page_seconds(setting: str) -> float:
    """Seconds between two pages of a server, from MASTODON_PAGE_SECONDS."""
    try:
        seconds = float(setting)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= 3600:
        raise BadInput(f"MASTODON_PAGE_SECONDS={setting}: must be a number from 0 to 3600.")
    return seconds


def _origin(host: str) -> str:
    base = base_url(host)
    return f"{base.partition('://')[0]}://{domain_of(base)}"


def _is_token(token: object) -> bool:
    return isinstance(token, str) and token.isascii() and token.isprintable() and " " not in token and token != ""


def _wishes(text: str) -> tuple[str, ...]:
    words = tuple(word.strip() for word in text.split(",") if word.strip())
    for word in words:
        if word not in WISHES:
            raise BadInput(f"MASTODON_WISHES: {word} is not one of {', '.join(WISHES)}.")
    return words


def _switch(arguments: Mapping[str, str], name: str, usual: str) -> bool:
    value = arguments.get(name, usual)
    if value not in ("0", "1"):
        raise BadInput(f"-a {name}={value}: must be 0 or 1.")
    return value == "1"


def _number(arguments: Mapping[str, str], name: str) -> int:
    value = arguments.get(name, "0")
    if not (value.isascii() and value.isdigit() and len(value) < 10) or (name in arguments and int(value) == 0):
        raise BadInput(f"-a {name}={value}: must be a whole number from 1.")
    return int(value)


def _day(arguments: Mapping[str, str], name: str) -> datetime | None:
    """A day counts whole, so `until` a day is until the next one begins; a moment counts as it is."""
    if name not in arguments:
        return None
    found = fields.moment(arguments[name])
    if found is None or found.year > 9000:
        raise BadInput(f"-a {name}={arguments[name]}: must be a date such as 2026-01-31 (UTC).")
    return found + timedelta(days=1) if name == "until" and len(arguments[name]) == 10 else found
