"""How other software than Mastodon answers the same API; contract section 4."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

Object = dict[str, Any]


def _unchanged(value: Any) -> Any:
    return value


@dataclass(frozen=True)
class Quirk:
    """One software: what it asks a token for (place → status), whether it sends Link headers, how it writes things."""

    needs_token: Mapping[str, int] = field(default_factory=dict)
    links: bool = True
    loose_lookup: bool = False
    repeats: bool = False
    ident: Callable[[str], str] = _unchanged
    account: Callable[[Object], Object] = _unchanged
    attachment: Callable[[Object], Object] = _unchanged
    shape: Callable[[Object], Object] = _unchanged

    def status(self, post: Object) -> Object:
        """A Status in this software's manner."""
        media = post["media_attachments"]
        files = [self.attachment(attachment) for attachment in media] if isinstance(media, list) else media
        return self.shape({**post, "id": self.ident(post["id"]), "media_attachments": files})


def _letters(ident: str) -> str:
    """An id of letters, in the order of the numbers: neither `int()` nor `\\d+` reads it."""
    return "01" + "".join("ABCDEFGHJK"[int(digit)] for digit in ident)


def _snowflake(ident: str) -> str:
    """An id that tells the date of its post, as Mastodon's own do: milliseconds since 1970, and 16 bits more."""
    number = int(ident[4:])
    moment = datetime(2026, 1 + number // 25, 1 + number % 25, 12, tzinfo=UTC)
    return str(((int(moment.timestamp()) * 1000 + number) << 16) + int(ident[2:4]))


def _without(*names: str) -> Callable[[Object], Object]:
    return lambda given: {name: value for name, value in given.items() if name not in names}


def _with_remote_url(attachment: Object) -> Object:
    return {**_without("meta", "blurhash", "text_url")(attachment), "remote_url": attachment["url"]}


def _with_flat_meta(attachment: Object) -> Object:
    return {**attachment, "remote_url": attachment["url"], "meta": {"width": 64, "height": 48}}


def _without_last_file(post: Object) -> Object:
    """GoToSocial: the last file of a post with several was not fetched, and stands in the text."""
    files = post["media_attachments"]
    if not isinstance(files, list) or len(files) < 2:
        return post
    note = (
        '<div class="gts-system-message gts-placeholder-attachments"><hr><p><i lang="en">Note:</i></p><ul><li>'
        f'<a href="{files[-1]["url"]}" rel="nofollow">file</a> [{files[-1]["description"]}]</li></ul></div>'
    )
    return {**post, "content": post["content"] + note, "media_attachments": files[:-1]}


_NO_FLAGS = _without("indexable", "noindex")

QUIRKS: dict[str, Quirk] = {
    "mastodon": Quirk(),
    "hometown": Quirk(ident=_snowflake),
    "gotosocial": Quirk(
        needs_token=dict.fromkeys(("lookup", "statuses", "tag"), 401),
        ident=_letters,
        account=lambda given: _NO_FLAGS(given) | {"avatar": ""},
        shape=_without_last_file,
    ),
    "akkoma": Quirk(ident=_letters, account=_NO_FLAGS, attachment=_with_remote_url),
    "pixelfed": Quirk(needs_token=dict.fromkeys(("lookup", "statuses", "tag"), 403), links=False, account=_NO_FLAGS),
    "sharkey": Quirk(
        links=False,
        loose_lookup=True,
        ident=lambda ident: _letters(ident).lower(),
        account=lambda given: _NO_FLAGS(given) | {"moved": None},
        attachment=_with_flat_meta,
        shape=lambda given: {**given, "language": None},
    ),
    "friendica": Quirk(repeats=True, account=_NO_FLAGS),
}
"""Software → its manner."""
