"""Pages of posts → records: who posted which pictures, when, with which words."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from harvester.sites.mastodon import consent, content, fields, media
from harvester.sites.mastodon.accounts import Account, account_of
from harvester.sites.mastodon.api import Cursor
from harvester.sites.mastodon.media import Picture

EXPORTED = frozenset({"public", "unlisted"})
"""Visibilities that may leave; a token shows more of them than may be passed on (D `entities/Status.md`)."""


@dataclass(frozen=True)
class Post:
    """One post with pictures. `uri` is what it is called on every server; of a boost it is the boosted post's.

    `entry` is the id under which it stands in the listing: of a boost that is the boost's own. `facts` is what is kept
    beside each picture: text, spoiler, sensitive, language, tags, times.
    """

    entry: str
    ident: str
    uri: str
    url: str
    author: Account
    boosted_by: str
    pictures: tuple[Picture, ...]
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Wanted:
    """Which posts are wanted. Times are UTC; `since` is included, `until` is not. A boost has the time of the boost."""

    boosts: bool = False
    replies: bool = True
    since: datetime | None = None
    until: datetime | None = None
    respected: Collection[str] = consent.RESPECTED


@dataclass
class Page:
    """What a page held: the ids in their order, each once; the wanted posts; how many are left out, and why.

    `past`: everything on the page is older than wanted, so older pages need not be asked for. Reasons in `left_out`:
    boost, reply, date, visibility, no-pictures, repeated, unreadable, and the words of `consent.WISHES`; `wishes` says
    of whom those are.
    """

    ids: list[str] = field(default_factory=list)
    posts: list[Post] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    wishes: dict[str, str] = field(default_factory=dict)
    past: bool = False

    def leave_out_known(self, heads: Collection[str]) -> None:
        """Drop what lies below the head of an earlier walk: it was taken then, or is behind that walk's cursor."""
        met = next((number for number, ident in enumerate(self.ids) if ident in heads), None)
        if met is not None:
            self.posts = [post for post in self.posts if post.entry in self.ids[:met]]
            self.ids = self.ids[: met + 1]

    def trim(self, room: int) -> Cursor | None:
        """Keep as many posts as there is room for, if that is fewer; the next page begins behind the last of them."""
        if len(self.posts) <= room:
            return None
        last = self.posts[room - 1].entry
        self.posts = self.posts[:room]
        self.ids = self.ids[: self.ids.index(last) + 1]
        return Cursor("max_id", last)


def page(body: bytes, domain: str, wanted: Wanted) -> Page:
    """The posts of a page (a JSON list); `domain` completes the names of the server's own accounts."""
    value = fields.parsed(body)
    return _read(value if isinstance(value, list) else [], domain, wanted)


def single(body: bytes, domain: str, wanted: Wanted) -> Page:
    """The post of `/api/v1/statuses/:id`, or those a search found, as a page."""
    value = fields.mapping(fields.parsed(body))
    found = value.get("statuses")
    return _read(found if isinstance(found, list) else [value], domain, wanted)


def _read(given: list[Any], domain: str, wanted: Wanted) -> Page:
    """Friendica and Takahe repeat a post for each of its files; a page may hold a post and boosts of it."""
    found = Page()
    ids: dict[str, datetime | None] = {}
    uris: set[str] = set()
    entries = fields.entries(given)
    found.left_out["unreadable"] += len(given) - len(entries)
    for entry in entries:
        ident = fields.ident(entry.get("id"))
        if not ident or ident in ids:
            found.left_out["repeated" if ident else "unreadable"] += 1
            continue
        ids[ident] = moment = fields.moment(entry.get("created_at"))
        post = _post(entry, domain, wanted.respected)
        why = _unwanted(entry, post, moment, wanted) or ("repeated" if post.uri in uris else "")
        uris.add(post.uri)
        if why:
            found.left_out[why] += 1
            if why in consent.WISHES:
                found.wishes[post.author.acct] = why
        else:
            found.posts.append(post)
    found.ids = list(ids)
    found.past = bool(ids) and all(_before(moment, wanted.since) for moment in ids.values())
    found.left_out = +found.left_out
    return found


def _unwanted(entry: Mapping[str, Any], post: Post, moment: datetime | None, wanted: Wanted) -> str:
    """Why a post is left out; empty where it is wanted. Of a boost, both posts have to be meant for the public."""
    inner = _boosted(entry)
    checks = {
        "boost": bool(inner) and not wanted.boosts,
        "visibility": any(fields.text(s.get("visibility")) not in EXPORTED for s in (entry, inner or entry)),
        "date": _before(moment, wanted.since) or (wanted.until is not None and not _before(moment, wanted.until)),
        "reply": not wanted.replies and _is_reply(inner or entry),
        post.author.wish or "no-pictures": bool(post.author.wish) or not post.pictures,
    }
    return next((why for why, holds in checks.items() if holds), "")


def _before(moment: datetime | None, limit: datetime | None) -> bool:
    return moment is not None and limit is not None and moment < limit


def _boosted(entry: Mapping[str, Any]) -> dict[str, Any]:
    return fields.mapping(entry.get("reblog"))


def _is_reply(entry: Mapping[str, Any]) -> bool:
    """As Mastodon counts (M `app/lib/account_statuses_filter.rb`): to oneself, in a thread, is no reply."""
    to, own = fields.ident(entry.get("in_reply_to_account_id")), fields.mapping(entry.get("account")).get("id")
    return bool(fields.ident(entry.get("in_reply_to_id"))) and (not to or to != fields.ident(own))


def _post(entry: Mapping[str, Any], domain: str, respected: Collection[str]) -> Post:
    inner = _boosted(entry)
    said = inner or entry
    author = account_of(fields.mapping(said.get("account")), domain, respected)
    booster = account_of(fields.mapping(entry.get("account")), domain, ()).acct if inner else ""
    ident, url = fields.ident(said.get("id")), fields.text(said.get("url"))
    uri = fields.text(said.get("uri")) or url or f"{domain}:{ident}"
    return Post(
        fields.ident(entry.get("id")),
        ident,
        uri,
        url or uri,
        author,
        booster,
        tuple(media.pictures(said)),
        _facts(said, booster),
    )


def _facts(said: Mapping[str, Any], booster: str) -> dict[str, Any]:
    written = content.plain(content.without_note(fields.text(said.get("content"))))
    posted = fields.moment(said.get("created_at"))
    told = {
        "posted_at": posted.isoformat() if posted else "",
        "text": written,
        "spoiler": fields.text(said.get("spoiler_text")),
        "sensitive": said.get("sensitive") is True,
        "language": fields.text(said.get("language")),
        "tags": [name for tag in fields.entries(said.get("tags")) if (name := fields.text(tag.get("name")))],
        "visibility": fields.text(said.get("visibility")),
        "boosted_by": booster,
    }
    return {name: value for name, value in told.items() if value not in ("", [])}
