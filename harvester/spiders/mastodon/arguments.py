"""Checks of the arguments and settings of the API mode; a wrong one raises UsageProblem."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

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


def build_arguments(values: Mapping[str, Any], opt_outs: str) -> HarvestArguments:
    """What to walk, from the values of the spider's arguments; the file in `accounts` is not read yet."""
    sources = [name for name in SOURCE_ARGUMENTS if values[name] is not None]
    if len(sources) != 1:
        names = ", ".join(f"-a {name}=" for name in SOURCE_ARGUMENTS)
        raise UsageProblem(f"Give exactly one of {names} (or posts= and accounts= of a data set).")
    instance = "" if values["instance"] is None else parse_base_url(values["instance"])
    if sources[0] in ("hashtag", "timeline") and not instance:
        raise UsageProblem(f"-a {sources[0]}= needs -a instance=HOST, the server to query.")
    if sources[0] == "url" and instance:
        raise UsageProblem("-a url= already names the server: leave out instance=.")
    filters = {name: values[name] for name in ("boosts", "replies", "since", "until")}
    harvest = HarvestArguments(
        post_filter=PostFilter(**filters, respected=_parse_opt_outs(opt_outs)),
        max_posts=values["max_posts"] or 0,
        collect_only=values["collect_only"],
        instance=instance,
    )
    return _add_sources(harvest, values)


def _add_sources(harvest: HarvestArguments, values: Mapping[str, Any]) -> HarvestArguments:
    if values["acct"] is not None:
        return with_handles(harvest, values["acct"].split(","))
    targets: tuple[Target, ...] = ()
    if values["hashtag"] is not None:
        targets = (Target(TargetKind.TAG, harvest.instance, values["hashtag"]),)
    if values["timeline"] is not None:
        targets = (Target(TargetKind.TIMELINE, harvest.instance, values["timeline"]),)
    if values["url"] is not None:
        targets = (parse_target(values["url"]),)
    return replace(harvest, targets=targets)


def with_handles(harvest: HarvestArguments, accts: list[str]) -> HarvestArguments:
    """The arguments with these accounts, each once; without an instance, each needs its domain."""
    handles = tuple(dict.fromkeys(parse_handle(acct) for acct in accts if acct.strip()))
    if not handles:
        raise UsageProblem("-a acct= (or the accounts file) names no account.")
    for account in handles:
        if not account.domain and not harvest.instance:
            raise UsageProblem(f"{account}: must be user@host (or give -a instance=HOST).")
    return replace(harvest, handles=handles, targets=())


def parse_tokens(setting: str) -> dict[str, str]:
    """Origin (`https://host`) → token, from MASTODON_TOKENS: JSON {host: token}, or the name of a file with it."""
    text = setting.strip()
    if text and not text.startswith("{"):
        try:
            text = Path(text).expanduser().read_text(encoding="utf-8-sig")
        except (OSError, ValueError, RuntimeError) as error:
            cause = getattr(error, "strerror", None) or "no such text"  # not the value itself, which may be a token
            raise UsageProblem(f"MASTODON_TOKENS: neither JSON nor a readable file ({cause}).") from error
    try:
        token_by_host = json.loads(text or "{}")
    except (ValueError, RecursionError):
        token_by_host = None
    if not isinstance(token_by_host, dict) or not all(_is_token(token) for token in token_by_host.values()):
        raise UsageProblem(
            'MASTODON_TOKENS: must be JSON such as {"mastodon.example": "token"}, or the path of a file with that.'
        )
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


def hashtag(text: str) -> str:
    """A `convert` for hashtags, with or without the #."""
    if not (tag := text.strip().removeprefix("#")) or "/" in tag:
        raise ValueError("a hashtag")
    return tag


def post_count(text: str) -> int:
    """A `convert` for numbers of posts."""
    if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text)):
        raise ValueError("a whole number from 1")
    return int(text)


def begin_of(text: str) -> datetime:
    """A `convert` for days and moments, UTC: the first moment of a day."""
    moment = json_fields.as_datetime(text)
    if moment is None or moment.year > 9000:
        raise ValueError("a date such as 2026-01-31 (UTC)")
    return moment


def end_of(text: str) -> datetime:
    """A `convert` for days and moments, UTC: the first moment after a day, while a moment counts as it is."""
    return begin_of(text) + timedelta(days=1 if len(text) == 10 else 0)
