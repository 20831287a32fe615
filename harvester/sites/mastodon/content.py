"""The HTML in which posts and profiles are written: its plain text, and what GoToSocial hides in it."""

import html
import re
from itertools import islice

_BREAK = re.compile(r"<(?:br|/p|/li|/div)\b[^<>]*>", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]*>")
_ENDLESS_ENTITY = re.compile(r"&#[0-9a-fA-FxX]{10,};?")  # Python refuses numbers of more than 4300 digits
_PLACEHOLDER = "gts-placeholder-attachments"
_LINK = re.compile(  # the first two parts find a whole tag once, so that no text takes time with its square
    r'(?=<a\b[^<>]*>)(?><a\b[^<>]*?\bhref="([^"<>]+)"[^<>]*>)[^<>]*</a>(?:\s*\[([^\[\]<>]*)\])?'
)
_MOST = 40


def plain(markup: str) -> str:
    """The text a reader sees; paragraphs and line breaks become line ends."""
    text = _TAG.sub("", _BREAK.sub("\n", markup))
    return html.unescape(_ENDLESS_ENTITY.sub("\ufffd", text)).strip()


def withheld(markup: str) -> list[tuple[str, str]]:
    """(address, description) of the files that GoToSocial did not fetch and lists behind the text instead.

    GTS `internal/typeutils/internaltofrontend_test.go`, TestStatusToFrontendUnknownAttachments.
    """
    _, found, note = markup.rpartition(_PLACEHOLDER)
    links = islice(_LINK.finditer(note), _MOST) if found else ()
    return [(html.unescape(_ENDLESS_ENTITY.sub("", link[1])), plain(link[2] or "")) for link in links]


def without_note(markup: str) -> str:
    """The text as its author wrote it, without GoToSocial's list."""
    before, found, _ = markup.rpartition(_PLACEHOLDER)
    return before.rpartition("<")[0] if found else markup
