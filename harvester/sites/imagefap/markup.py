"""From bytes to a tree, bounded. Selectors in this package never depend on the order of attributes."""

from urllib.parse import urljoin

from lxml import etree
from parsel import Selector

LARGEST = 2**20
"""Bytes; a page of the site has about 100 kB. Questions about nested elements take time with the square of this."""


def tree(body: bytes) -> Selector:
    """The page as a tree, at most 256 elements deep; any bytes give one."""
    text = body[:LARGEST].decode("utf-8", "replace").replace("\0", "")
    root = etree.fromstring(text.encode(), _parser()) if "<" in text else None
    return Selector(root=etree.fromstring(b"<html></html>", _parser()) if root is None else root, type="html")


def _parser() -> etree.HTMLParser:
    """As parsel has it, but for the depth, which it leaves unbounded or warns of."""
    return etree.HTMLParser(recover=True, encoding="utf-8", huge_tree=False)


def whole(body: bytes) -> bool:
    """Whether the page has its end: half a list would look like the end of the list."""
    return len(body) <= LARGEST and b"</html" in body[-4096:].lower()


def text_of(node: Selector, longest: int = 500) -> str:
    """The words in an element, entities resolved, white space joined."""
    return " ".join((node.xpath("string(.)").get() or "").split())[:longest]


def attribute(node: Selector, name: str) -> str | None:
    """One attribute of an element. parsel's `attrib` reads them all, and fails over a name that XML does not allow."""
    value: str | None = node.root.get(name)
    return value


def joined(page: str, address: str) -> str:
    """An address as a page writes it, made absolute; empty where it is none."""
    try:
        found = urljoin(page, address.strip())
    except ValueError:
        return ""
    return found if found.startswith(("http://", "https://")) else ""
