"""Bounded HTML parsing. Selectors in this package never depend on the order of attributes."""

from urllib.parse import urljoin

from lxml import etree
from parsel import Selector

MAX_PAGE_BYTES = 2**20
"""Bytes; a page of the site has about 100 kB. The time of queries about nested elements grows with its square."""


def parse_html(body: bytes) -> Selector:
    """The page as a tree, at most 256 elements deep; any bytes give one."""
    text = body[:MAX_PAGE_BYTES].decode("utf-8", "replace").replace("\0", "")
    root = etree.fromstring(text.encode(), _html_parser()) if "<" in text else None
    return Selector(root=etree.fromstring(b"<html></html>", _html_parser()) if root is None else root, type="html")


def _html_parser() -> etree.HTMLParser:
    """The parser of parsel, but with limited depth, which parsel leaves unlimited or warns about."""
    return etree.HTMLParser(recover=True, encoding="utf-8", huge_tree=False)


def is_complete(body: bytes) -> bool:
    """Whether the page has its end; a truncated list would look like the end of the list."""
    return len(body) <= MAX_PAGE_BYTES and b"</html" in body[-4096:].lower()


def text_of(node: Selector, max_length: int = 500) -> str:
    """The text of an element, with entities resolved and white space collapsed."""
    return " ".join((node.xpath("string(.)").get() or "").split())[:max_length]


def attribute_of(node: Selector, name: str) -> str | None:
    """One attribute of an element; parsel's `attrib` reads all, and fails on names that XML does not allow."""
    value: str | None = node.root.get(name)
    return value


def absolute_url(page_url: str, link: str) -> str:
    """The absolute form of an address in a page; empty if it is invalid."""
    try:
        url = urljoin(page_url, link.strip())
    except ValueError:
        return ""
    return url if url.startswith(("http://", "https://")) else ""
