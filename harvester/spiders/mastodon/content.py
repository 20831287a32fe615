"""Parser for the HTML of posts and profiles: its plain text, and the files that GoToSocial lists in it."""

import html
import re
from itertools import islice

_BREAK = re.compile(r"<(?:br|/p|/li|/div)\b[^<>]*>", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]*>")
_ENDLESS_ENTITY = re.compile(r"&#[0-9a-fA-FxX]{10,};?")  # Python refuses numbers of more than 4300 digits
_PLACEHOLDER = "gts-placeholder-attachments"
_LINK = re.compile(  # the first two parts match a whole tag once, to avoid quadratic time
    r'(?=<a\b[^<>]*>)(?><a\b[^<>]*?\bhref="([^"<>]+)"[^<>]*>)[^<>]*</a>(?:\s*\[([^\[\]<>]*)\])?'
)
_MAX_LINKS = 40


def plain_text(markup: str) -> str:
    """The text that a reader sees; paragraphs and line breaks become line ends."""
    text = _TAG.sub("", _BREAK.sub("\n", markup))
    return html.unescape(_ENDLESS_ENTITY.sub("\ufffd", text)).strip()


def withheld_files(markup: str) -> list[tuple[str, str]]:
    """(address, description) of the files that GoToSocial did not fetch and lists after the text instead.

    GTS `internal/typeutils/internaltofrontend_test.go`, TestStatusToFrontendUnknownAttachments.
    """
    _, marker, note = markup.rpartition(_PLACEHOLDER)
    links = islice(_LINK.finditer(note), _MAX_LINKS) if marker else ()
    return [(html.unescape(_ENDLESS_ENTITY.sub("", link[1])), plain_text(link[2] or "")) for link in links]


def strip_note(markup: str) -> str:
    """The text as its author wrote it, without GoToSocial's list."""
    text, marker, _ = markup.rpartition(_PLACEHOLDER)
    return text.rpartition("<")[0] if marker else markup
