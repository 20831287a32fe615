"""Parser for pages of posts, which yields their pictures, authors, times and texts."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from harvester.spiders.mastodon import content, json_fields, media, opt_out
from harvester.spiders.mastodon.accounts import Account, parse_account
from harvester.spiders.mastodon.api import Cursor
from harvester.spiders.mastodon.media import Attachment

PUBLIC_VISIBILITIES = frozenset({"public", "unlisted"})
"""Visibilities that are harvested; a token shows others too, which are not to be passed on (D `entities/Status.md`)."""


@dataclass(frozen=True)
class Post:
    """One post with pictures. `uri` identifies it on every server; for a boost it is the boosted post's.

    `entry_id` is its id in the listing; for a boost it is the boost's own. `metadata` are the values kept with each
    picture: text, spoiler, sensitive, language, tags, times.
    """

    entry_id: str
    ident: str
    uri: str
    url: str
    author: Account
    boosted_by: str
    attachments: tuple[Attachment, ...]
    metadata: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class PostFilter:
    """Selects posts. Times are UTC; `since` is included, `until` is not. A boost has the time of the boost.

    A post whose date cannot be read is not left out because of it.
    """

    boosts: bool = False
    replies: bool = True
    since: datetime | None = None
    until: datetime | None = None
    respected: Collection[str] = opt_out.RESPECTED_BY_DEFAULT


@dataclass
class PostPage:
    """A parsed page: the ids in their order, each once; the wanted posts; the number of the others by reason.

    `dates` has the date of each id; `is_too_old`: everything on the page is older than wanted. Reasons in `skipped`:
    boost, reply, date, visibility, no-images, repeated, unreadable, and the words of OPT_OUTS; `opt_outs` says whose
    opt-outs those are.
    """

    ids: list[str] = field(default_factory=list)
    posts: list[Post] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)
    opt_outs: dict[str, str] = field(default_factory=dict)
    dates: dict[str, datetime | None] = field(default_factory=dict)
    is_too_old: bool = False

    def drop_known(self, heads: Collection[str]) -> None:
        """Drop the posts below the head of an earlier walk, which were taken then or come after its cursor."""
        known_from = next((index for index, ident in enumerate(self.ids) if ident in heads), None)
        if known_from is not None:
            self.posts = [post for post in self.posts if post.entry_id in self.ids[:known_from]]
            self.ids = self.ids[: known_from + 1]

    def trim(self, max_posts: int) -> Cursor | None:
        """Keep at most `max_posts` posts (from 1). Return the cursor after the last of them, None if all are kept."""
        if len(self.posts) <= max_posts:
            return None
        last = self.posts[max_posts - 1].entry_id
        self.posts = self.posts[:max_posts]
        self.ids = self.ids[: self.ids.index(last) + 1]
        return Cursor("max_id", last)


def parse_page(body: bytes, domain: str, post_filter: PostFilter, owner: str = "") -> PostPage:
    """The posts of a page (a JSON list); `domain` completes the names of the server's own accounts.

    `owner` is the account whose list this is: its author where a post, or a boost, does not say.
    """
    value = json_fields.parse_json_or_none(body)
    return _parse_posts(value if isinstance(value, list) else [], domain, post_filter, owner)


def parse_single(body: bytes, domain: str, post_filter: PostFilter) -> PostPage:
    """The post of `/api/v1/statuses/:id`, or the posts that a search found, as a page."""
    value = json_fields.as_dict(json_fields.parse_json_or_none(body))
    statuses = value.get("statuses")
    return _parse_posts(statuses if isinstance(statuses, list) else [value], domain, post_filter)


def _parse_posts(statuses: list[Any], domain: str, post_filter: PostFilter, owner: str = "") -> PostPage:
    """Parse posts, each once: Friendica and Takahe repeat a post for each file, and a page may have a post's boosts."""
    post_page = PostPage()
    dates = post_page.dates
    seen_uris: set[str] = set()
    entries = json_fields.as_dicts(statuses)
    post_page.skipped["unreadable"] += len(statuses) - len(entries)
    for entry in entries:
        ident = json_fields.as_id(entry.get("id"))
        if not ident or ident in dates:
            post_page.skipped["repeated" if ident else "unreadable"] += 1
            continue
        dates[ident] = posted_at = json_fields.as_datetime(entry.get("created_at"))
        post = _parse_post(entry, domain, post_filter.respected, owner)
        reason = _skip_reason(entry, post, posted_at, post_filter) or ("repeated" if post.uri in seen_uris else "")
        seen_uris.add(post.uri)
        if reason:
            post_page.skipped[reason] += 1
            if reason in opt_out.OPT_OUTS:
                post_page.opt_outs[post.author.acct] = reason
        else:
            post_page.posts.append(post)
    post_page.ids = list(dates)
    post_page.is_too_old = bool(dates) and all(_is_before(moment, post_filter.since) for moment in dates.values())
    post_page.skipped = +post_page.skipped
    return post_page


def _skip_reason(entry: Mapping[str, Any], post: Post, posted_at: datetime | None, post_filter: PostFilter) -> str:
    """The reason why a post is left out; empty if it is wanted. For a boost, both posts have to be public."""
    boosted = _boosted_entry(entry)
    checks = {
        "boost": bool(boosted) and not post_filter.boosts,
        "visibility": any(
            json_fields.as_text(status.get("visibility")) not in PUBLIC_VISIBILITIES
            for status in (entry, boosted or entry)
        ),
        "date": _is_before(posted_at, post_filter.since)
        or (posted_at is not None and post_filter.until is not None and posted_at >= post_filter.until),
        "reply": not post_filter.replies and _is_reply(boosted or entry),
        post.author.opt_out or "no-images": bool(post.author.opt_out) or not post.attachments,
    }
    return next((reason for reason, applies in checks.items() if applies), "")


def _is_before(moment: datetime | None, limit: datetime | None) -> bool:
    return moment is not None and limit is not None and moment < limit


def _boosted_entry(entry: Mapping[str, Any]) -> dict[str, Any]:
    return json_fields.as_dict(entry.get("reblog"))


def _is_reply(entry: Mapping[str, Any]) -> bool:
    """Whether this is a reply to others: a reply to oneself is not (M `app/lib/account_statuses_filter.rb`)."""
    replied_to, author_id = (
        json_fields.as_id(entry.get("in_reply_to_account_id")),
        json_fields.as_dict(entry.get("account")).get("id"),
    )
    return bool(json_fields.as_id(entry.get("in_reply_to_id"))) and (
        not replied_to or replied_to != json_fields.as_id(author_id)
    )


def _parse_post(entry: Mapping[str, Any], domain: str, respected: Collection[str], owner: str) -> Post:
    boosted = _boosted_entry(entry)
    status = boosted or entry
    author = parse_account(json_fields.as_dict(status.get("account")), domain, respected)
    booster = (parse_account(json_fields.as_dict(entry.get("account")), domain, ()).acct or owner) if boosted else ""
    if not boosted and not author.acct:
        author = replace(author, acct=owner)
    ident, url = json_fields.as_id(status.get("id")), json_fields.as_text(status.get("url"))
    uri = json_fields.as_text(status.get("uri")) or url or f"{domain}:{ident}"
    return Post(
        json_fields.as_id(entry.get("id")),
        ident,
        uri,
        url or uri,
        author,
        booster,
        tuple(media.parse_attachments(status)),
        _post_metadata(status, booster),
    )


def _post_metadata(status: Mapping[str, Any], booster: str) -> dict[str, Any]:
    text = content.plain_text(content.strip_note(json_fields.as_text(status.get("content"))))
    posted_at = json_fields.as_datetime(status.get("created_at"))
    metadata = {
        "posted_at": posted_at.isoformat() if posted_at else "",
        "text": text,
        "spoiler": json_fields.as_text(status.get("spoiler_text")),
        "sensitive": status.get("sensitive") is True,
        "language": json_fields.as_text(status.get("language")),
        "tags": [
            name for tag in json_fields.as_dicts(status.get("tags")) if (name := json_fields.as_text(tag.get("name")))
        ],
        "visibility": json_fields.as_text(status.get("visibility")),
        "boosted_by": booster,
    }
    return {name: value for name, value in metadata.items() if value not in ("", [])}
