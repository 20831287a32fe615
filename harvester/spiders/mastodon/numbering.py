"""Numbering of users and posts that are found page by page, as in a data set."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from harvester.items import DatasetPosition, DiscoveredImage
from harvester.parsing.urls import canonical_acct, discovered_from_url
from harvester.spiders.mastodon.media import Attachment
from harvester.spiders.mastodon.posts import Post


class PositionAllocator:
    """Gives numbers to users, and to the posts of each user, in the order in which they are found, each from 0.

    `new_users` are the users that got a number since it was last emptied.
    """

    def __init__(self, accts: Mapping[int, str], next_post: Mapping[int, int]) -> None:
        self._user_numbers = {_account_key(acct): number for number, acct in accts.items()}
        self._next_user = max(accts, default=-1) + 1
        self._next_post = dict(next_post)
        self.new_users: dict[int, str] = {}

    def user_number(self, acct: str) -> int:
        """The number of an account; names that differ only in case or in the domain's form are the same account."""
        key = _account_key(acct)
        if key not in self._user_numbers:
            self._user_numbers[key] = self._next_user
            self.new_users[self._next_user] = acct
            self._next_user += 1
        return self._user_numbers[key]

    def add_name(self, acct: str, other_name: str) -> None:
        """Give the number of an account, if it has one, to another name of it as well."""
        number = self._user_numbers.get(_account_key(acct))
        if number is not None:
            self._user_numbers.setdefault(_account_key(other_name), number)

    @staticmethod
    def image_keys(posts: Sequence[Post]) -> list[str]:
        """The keys of all pictures of the posts."""
        return [
            _discovered_image(post, number, attachment).key
            for post in posts
            for number, attachment in enumerate(post.attachments)
        ]

    def discovered_images(
        self, posts: Sequence[Post], known_positions: Mapping[str, DatasetPosition]
    ) -> list[DiscoveredImage]:
        """All attachments of the posts; known pictures keep their positions in `known_positions`, by key."""
        positions = dict(known_positions)
        return [image for post in posts for image in self._images_of_post(post, positions)]

    def _images_of_post(self, post: Post, positions: dict[str, DatasetPosition]) -> Iterator[DiscoveredImage]:
        images = [_discovered_image(post, number, attachment) for number, attachment in enumerate(post.attachments)]
        placed = [positions[image.key] for image in images if image.key in positions]
        last = max(placed, key=lambda position: position.url, default=None)
        for image in images:
            if not image.reason and image.key not in positions:
                last = positions[image.key] = self._next_position(last, post.author.acct)
            yield replace(image, position=None if image.reason else positions[image.key])

    def _next_position(self, last: DatasetPosition | None, acct: str) -> DatasetPosition:
        if last is not None:
            return replace(last, url=last.url + 1)
        user = self.user_number(acct)
        post = self._next_post.get(user, 0)
        self._next_post[user] = post + 1
        return DatasetPosition(user, post, 0)


def _account_key(acct: str) -> str:
    return canonical_acct(acct).casefold()


def _discovered_image(post: Post, number: int, attachment: Attachment) -> DiscoveredImage:
    """A discovered image without a position; its reason is empty if it is to be fetched."""
    acct = post.author.acct
    without_url = DiscoveredImage(key=f"{post.uri}#{attachment.ident or number}", host="", author=acct)
    image = replace(discovered_from_url(attachment.url, acct, None), reason=None) if attachment.url else without_url
    return replace(
        image,
        page=post.url,
        alt=attachment.alt or None,
        metadata=_image_metadata(post, attachment),
        reason=attachment.reason or None,
    )


def _image_metadata(post: Post, attachment: Attachment) -> dict[str, Any]:
    metadata: dict[str, Any] = {"uri": post.uri, "post_id": post.ident, **post.metadata, **attachment.metadata}
    if attachment.other_urls:
        metadata["other_addresses"] = list(attachment.other_urls)
    if attachment.preview_url:
        metadata["reduced_address"] = attachment.preview_url
    return metadata | ({"reduced": True} if attachment.is_reduced else {})
