"""Opt-outs: statements of account owners that they do not want to be collected.

They are read from the account, which every post of its owner contains too.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Mapping
from typing import Any

from harvester.spiders.mastodon import json_fields
from harvester.spiders.mastodon.content import plain_text
from harvester.text import count_noun

OPT_OUTS: dict[str, str] = {
    "indexable": "the account does not want its public posts searched or indexed (indexable: false)",
    "noindex": "the account does not want search engines (noindex: true)",
    "nobot": "the profile says #nobot, #nobots, #noindex or #noarchive",
    "discoverable": "the account does not want to be found by discovery services (discoverable: false)",
}
"""Opt-out -> its meaning. Sources: D `entities/Account.md`, `user/preferences.md`; M `account_serializer.rb`."""

RESPECTED_BY_DEFAULT = ("indexable", "noindex", "nobot")
"""The opt-outs that are respected by default."""

_HASHTAG = re.compile(r"#\s?(?:nobots?|noindex|noarchive)(?!\w)", re.IGNORECASE)
_INVISIBLE = re.compile("[\u00ad\u200b-\u200d\u2060\ufeff]")
_MAX_PROFILE_FIELDS = 20


def find_opt_out(account: Mapping[str, Any], respected: Collection[str] = RESPECTED_BY_DEFAULT) -> str:
    """The first of the respected opt-outs that the account states; empty if it states none of them.

    A field that is absent or null (other software, older servers) is not an opt-out.
    """
    stated = {
        "indexable": account.get("indexable") is False,
        "noindex": account.get("noindex") is True,
        "nobot": _has_nobot_tag(account),
        "discoverable": account.get("discoverable") is False,
    }
    return next((name for name in OPT_OUTS if name in respected and stated[name]), "")


def opt_out_messages(skipped: Mapping[str, str], respected: Collection[str]) -> list[str]:
    """Messages to the user: how many accounts (account -> its opt-out) were left out, why, and by which setting."""
    messages = []
    for opt_out, number in Counter(skipped.values()).items():
        others = ",".join(word for word in respected if word != opt_out)
        hint = (
            " This is Mastodon's default for new accounts, so the owner may not have chosen it."
            if opt_out == "indexable"
            else ""
        )
        messages.append(
            f"Left out in this run: {count_noun(number, 'account')}, {opt_out}: {OPT_OUTS[opt_out]}.{hint} "
            f"MASTODON_RESPECT_OPT_OUTS={others} ignores this opt-out: docs/mastodon.md."
        )
    return messages


def _has_nobot_tag(account: Mapping[str, Any]) -> bool:
    texts = [account.get("note"), account.get("display_name")]
    for field in json_fields.as_dicts(account.get("fields"))[:_MAX_PROFILE_FIELDS]:
        texts += [field.get("name"), field.get("value")]
    return any(_HASHTAG.search(_visible_text(json_fields.as_text(text))) for text in texts)


def _visible_text(markup: str) -> str:
    return _INVISIBLE.sub("", unicodedata.normalize("NFKC", plain_text(markup)))
