"""Checks of the arguments and settings of the API mode; a wrong one raises UsageProblem."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from harvester.errors import UsageProblem
from harvester.spiders.mastodon import json_fields
from harvester.spiders.mastodon.addresses import (
    Handle,
    Target,
    TargetKind,
    domain_of,
    parse_base_url,
    parse_handle,
    parse_target,
)
from harvester.spiders.mastodon.opt_out import OPT_OUTS
from harvester.spiders.mastodon.posts import PostFilter

ACCOUNTS_DESCRIPTION = "`accounts_labeled.csv` of the data set; without `posts`, a CSV file of accounts to crawl"

SOURCE_ARGUMENTS = ("acct", "accounts", "hashtag", "timeline", "url")
"""Arguments of which exactly one has to be given."""


@dataclass(frozen=True)
class HarvestArguments:
    """The accounts and other targets to walk, and at most `max_posts` posts of each (0: all).

    `instance` is the base URL of the server to ask; empty: each account is requested from its home server.
    """

    post_filter: PostFilter
    max_posts: int = 0
    collect_only: bool = False
    instance: str = ""
    handles: tuple[Handle, ...] = ()
    targets: tuple[Target, ...] = ()
    accounts_file: str = ""


def parse_arguments(arguments: Mapping[str, str], opt_outs: str) -> HarvestArguments:
    """The checked arguments of a crawl; the file in `accounts` is not read yet."""
    sources = [name for name in SOURCE_ARGUMENTS if name in arguments]
    if len(sources) != 1:
        names = ", ".join(f"-a {name}=" for name in SOURCE_ARGUMENTS)
        raise UsageProblem(f"Give exactly one of {names} (or posts= and accounts= of a data set).")
    instance = parse_base_url(arguments["instance"]) if "instance" in arguments else ""
    if sources[0] in ("hashtag", "timeline") and not instance:
        raise UsageProblem(f"-a {sources[0]}= needs -a instance=HOST, the server to ask.")
    if sources[0] == "url" and instance:
        raise UsageProblem("-a url= names its server itself: leave instance= out.")
    harvest = HarvestArguments(
        post_filter=PostFilter(
            boosts=_parse_switch(arguments, "boosts", "0"),
            replies=_parse_switch(arguments, "replies", "1"),
            since=_parse_day(arguments, "since"),
            until=_parse_day(arguments, "until"),
            respected=_parse_opt_outs(opt_outs),
        ),
        max_posts=_parse_number(arguments, "max_posts"),
        collect_only=_parse_switch(arguments, "collect_only", "0"),
        instance=instance,
        accounts_file=arguments.get("accounts", ""),
    )
    return _add_sources(harvest, arguments)


def _add_sources(harvest: HarvestArguments, arguments: Mapping[str, str]) -> HarvestArguments:
    if "acct" in arguments:
        return with_handles(harvest, arguments["acct"].split(","))
    targets: tuple[Target, ...] = ()
    if "hashtag" in arguments:
        if not (tag := arguments["hashtag"].strip().removeprefix("#")) or "/" in tag:
            raise UsageProblem(f"-a hashtag={arguments['hashtag']}: must be a hashtag.")
        targets = (Target(TargetKind.TAG, harvest.instance, tag),)
    if "timeline" in arguments:
        if arguments["timeline"] not in ("public", "local"):
            raise UsageProblem(f"-a timeline={arguments['timeline']}: must be one of public, local.")
        targets = (Target(TargetKind.TIMELINE, harvest.instance, arguments["timeline"]),)
    if "url" in arguments:
        targets = (parse_target(arguments["url"]),)
    return _replace_sources(harvest, (), targets)


def with_handles(harvest: HarvestArguments, accts: list[str]) -> HarvestArguments:
    """The arguments with these accounts, each once; without an instance, each needs its domain."""
    handles = tuple(dict.fromkeys(parse_handle(acct) for acct in accts if acct.strip()))
    if not handles:
        raise UsageProblem("There is no account to harvest.")
    for account in handles:
        if not account.domain and not harvest.instance:
            raise UsageProblem(f"{account}: must be user@host (or give -a instance=HOST).")
    return _replace_sources(harvest, handles, ())


def _replace_sources(
    harvest: HarvestArguments, handles: tuple[Handle, ...], targets: tuple[Target, ...]
) -> HarvestArguments:
    return HarvestArguments(
        harvest.post_filter,
        harvest.max_posts,
        harvest.collect_only,
        harvest.instance,
        handles,
        targets,
        harvest.accounts_file,
    )


def parse_tokens(setting: str) -> dict[str, str]:
    """Origin (`https://host`) → token, from MASTODON_TOKENS: JSON {host: token}, or the name of a file with it."""
    text = setting.strip()
    if text and not text.startswith("{"):
        try:
            text = Path(text).expanduser().read_text(encoding="utf-8-sig")
        except (OSError, ValueError, RuntimeError) as error:
            cause = getattr(error, "strerror", None) or "no such text"  # not the value itself, which may be a token
            raise UsageProblem(f"MASTODON_TOKENS: neither JSON nor a file that can be read ({cause}).") from error
    try:
        token_by_host = json.loads(text or "{}")
    except (ValueError, RecursionError):
        token_by_host = None
    if not isinstance(token_by_host, dict) or not all(_is_token(token) for token in token_by_host.values()):
        raise UsageProblem('MASTODON_TOKENS: must be JSON such as {"mastodon.example": "token"}, or a file with it.')
    return {_origin_of(host): token for host, token in token_by_host.items()}


def parse_page_seconds(setting: str) -> float:
    """Seconds between two pages of a server, from MASTODON_PAGE_SECONDS."""
    try:
        seconds = float(setting)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= 3600:
        raise UsageProblem(f"MASTODON_PAGE_SECONDS={setting}: must be a number from 0 to 3600.")
    return seconds


def _origin_of(host: str) -> str:
    base = parse_base_url(host)
    return f"{base.partition('://')[0]}://{domain_of(base)}"


def _is_token(token: object) -> bool:
    return isinstance(token, str) and token.isascii() and token.isprintable() and " " not in token and token != ""


def _parse_opt_outs(text: str) -> tuple[str, ...]:
    words = tuple(word.strip() for word in text.split(",") if word.strip())
    for word in words:
        if word not in OPT_OUTS:
            raise UsageProblem(f"MASTODON_RESPECT_OPT_OUTS: {word} is not one of {', '.join(OPT_OUTS)}.")
    return words


def _parse_switch(arguments: Mapping[str, str], name: str, default: str) -> bool:
    value = arguments.get(name, default)
    if value not in ("0", "1"):
        raise UsageProblem(f"-a {name}={value}: must be 0 or 1.")
    return value == "1"


def _parse_number(arguments: Mapping[str, str], name: str) -> int:
    value = arguments.get(name, "0")
    if not (value.isascii() and value.isdigit() and len(value) < 10) or (name in arguments and int(value) == 0):
        raise UsageProblem(f"-a {name}={value}: must be a whole number from 1.")
    return int(value)


def _parse_day(arguments: Mapping[str, str], name: str) -> datetime | None:
    """The date in an argument; an `until` day includes that whole day, while a time counts as it is."""
    if name not in arguments:
        return None
    day = json_fields.as_datetime(arguments[name])
    if day is None or day.year > 9000:
        raise UsageProblem(f"-a {name}={arguments[name]}: must be a date such as 2026-01-31 (UTC).")
    return day + timedelta(days=1) if name == "until" and len(arguments[name]) == 10 else day
