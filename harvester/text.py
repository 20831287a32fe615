"""Texts from strangers, made fit for a log line, a terminal or a database."""

import re

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]")

_TELLING = "key|token|secret|password|passwd|auth|signature"
_SETTING = re.compile(rf"^((?:-s|--set=?)?\s*\w*(?:{_TELLING})\w*=).+", re.IGNORECASE | re.DOTALL)
_FIELD = re.compile(rf"([?&;#][^=&;\s]*(?:{_TELLING})[^=&;\s]*=)[^&;#\s]*", re.IGNORECASE)
_USER = re.compile(r"//[^/?#\s@]*@")

_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


def printable(text: str) -> str:
    """On one line: control characters and bidirectional marks are escaped, so none can forge a line."""
    return _CONTROL.sub(lambda match: match[0].encode("unicode_escape").decode("ascii"), text)


def hidden(text: str) -> str:
    """What a user typed, without its secrets: `KEY=…`, `?token=…`, names and passwords before the @ of a URL."""
    return _USER.sub("//…@", _FIELD.sub(r"\1…", _SETTING.sub(r"\1…", text)))


def storable(text: str) -> str:
    """As every database takes it: NUL characters and halves of characters become the replacement character."""
    return _UNSTORABLE.sub("\ufffd", text)
