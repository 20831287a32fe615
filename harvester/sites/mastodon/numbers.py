"""Numbers for users and posts, as a data set has them, for what is found page by page."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from harvester.items import Position, Promise
from harvester.sites.mastodon.media import Picture
from harvester.sites.mastodon.posts import Post
from harvester.sites.userposts import promise_of


class Numbers:
    """The numbers given so far: users in the order in which they are met, posts of a user likewise, each from 0.

    `new` are the users that have got a number since it was emptied last.
    """

    def __init__(self, acct_of: Mapping[int, str], next_post: Mapping[int, int]) -> None:
        self._users = {acct.casefold(): number for number, acct in acct_of.items()}
        self._next_user = max(acct_of, default=-1) + 1
        self._next_post = dict(next_post)
        self.new: dict[int, str] = {}

    def user(self, acct: str) -> int:
        """The number of an account; names differ not by case alone."""
        key = acct.casefold()
        if key not in self._users:
            self._users[key] = self._next_user
            self.new[self._next_user] = acct
            self._next_user += 1
        return self._users[key]

    @staticmethod
    def keys(posts: Sequence[Post]) -> list[str]:
        """The keys of all pictures of the posts."""
        return [_promise(post, number, one).key for post in posts for number, one in enumerate(post.pictures)]

    def promises(self, posts: Sequence[Post], known: Mapping[str, Position]) -> list[Promise]:
        """Every attachment of the posts; `known` is where pictures are already, by key: they keep their places."""
        places = dict(known)
        return [promise for post in posts for promise in self._of_post(post, places)]

    def _of_post(self, post: Post, places: dict[str, Position]) -> Iterator[Promise]:
        found = [_promise(post, number, picture) for number, picture in enumerate(post.pictures)]
        there = [places[promise.key] for promise in found if promise.key in places]
        last = max(there, key=lambda place: place.url, default=None)
        for promise in found:
            if not promise.reason and promise.key not in places:
                last = places[promise.key] = self._after(last, post.author.acct)
            yield replace(promise, position=None if promise.reason else places[promise.key])

    def _after(self, last: Position | None, acct: str) -> Position:
        if last is not None:
            return replace(last, url=last.url + 1)
        user = self.user(acct)
        post = self._next_post.get(user, 0)
        self._next_post[user] = post + 1
        return Position(user, post, 0)


def _promise(post: Post, number: int, picture: Picture) -> Promise:
    """A promise without a position; its reason is empty where it is to be fetched."""
    acct = post.author.acct
    lost = Promise(key=f"{post.uri}#{picture.ident or number}", host="", author=acct)
    told = replace(promise_of(picture.url, acct, None), reason=None) if picture.url else lost
    return replace(
        told, page=post.url, alt=picture.alt or None, metadata=_metadata(post, picture), reason=picture.reason or None
    )


def _metadata(post: Post, picture: Picture) -> dict[str, Any]:
    told: dict[str, Any] = {"uri": post.uri, "post_id": post.ident, **post.facts, **picture.facts}
    if picture.others:
        told["other_addresses"] = list(picture.others)
    if picture.preview:
        told["reduced_address"] = picture.preview
    return told | ({"reduced": True} if picture.reduced else {})
