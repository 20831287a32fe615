"""What people say about being collected, on their account, which stands inside every post of theirs too."""

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Mapping
from typing import Any

from harvester.sites.mastodon import fields
from harvester.sites.mastodon.content import plain

WISHES: dict[str, str] = {
    "indexable": "the account does not want its public posts searched or indexed (indexable: false)",
    "noindex": "the account does not want search engines (noindex: true)",
    "nobot": "the profile says #nobot, #nobots, #noindex or #noarchive",
    "discoverable": "the account does not want to be found by discovery services (discoverable: false)",
}
"""Wish -> what was said. Sources: D `entities/Account.md`, `user/preferences.md`; M `account_serializer.rb`."""

RESPECTED = ("indexable", "noindex", "nobot")
"""The wishes that are respected unless the user says otherwise."""

_HASHTAG = re.compile(r"#\s?(?:nobots?|noindex|noarchive)(?!\w)", re.IGNORECASE)
_INVISIBLE = re.compile("[\u00ad\u200b-\u200d\u2060\ufeff]")
_MOST_FIELDS = 20


def wish(account: Mapping[str, Any], respected: Collection[str] = RESPECTED) -> str:
    """The first of the respected wishes that the account states; empty where it states none of them.

    A field that is absent or null (other software, older servers) is no wish.
    """
    stated = {
        "indexable": account.get("indexable") is False,
        "noindex": account.get("noindex") is True,
        "nobot": _says_nobot(account),
        "discoverable": account.get("discoverable") is False,
    }
    return next((name for name in WISHES if name in respected and stated[name]), "")


def sentences(left_out: Mapping[str, str], respected: Collection[str]) -> list[str]:
    """For a person: how many accounts (account -> its wish) were left out, why, and which setting decides that."""
    told = []
    for wish, number in Counter(left_out.values()).items():
        others = ",".join(word for word in respected if word != wish)
        usual = " This is how Mastodon makes new accounts, so it may be no decision." if wish == "indexable" else ""
        told.append(
            f"Left out in this run: {number:,} account{'s'[: number > 1]}, {wish}: {WISHES[wish]}.{usual} "
            f"MASTODON_WISHES={others} sets this wish aside: docs/mastodon.md."
        )
    return told


def _says_nobot(account: Mapping[str, Any]) -> bool:
    said = [account.get("note"), account.get("display_name")]
    for field in fields.entries(account.get("fields"))[:_MOST_FIELDS]:
        said += [field.get("name"), field.get("value")]
    return any(_HASHTAG.search(_as_read(fields.text(text))) for text in said)


def _as_read(markup: str) -> str:
    return _INVISIBLE.sub("", unicodedata.normalize("NFKC", plain(markup)))
