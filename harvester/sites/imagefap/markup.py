"""From bytes to a tree, bounded. Selectors in this package never depend on the order of attributes."""

from urllib.parse import urljoin

from parsel import Selector

LARGEST = 8 * 2**20
"""Bytes; a page of the site has about 100 kB."""


def tree(body: bytes) -> Selector:
    """The page as a tree; any bytes give one."""
    text = body[:LARGEST].decode("utf-8", "replace")
    return Selector(text=text if "<" in text else "<html></html>", type="html")


def whole(body: bytes) -> bool:
    """Whether the page has its end: half a list would look like the end of the list."""
    return len(body) <= LARGEST and b"</html" in body[-4096:].lower()


def text_of(node: Selector, longest: int = 500) -> str:
    """The words in an element, entities resolved, white space joined."""
    return " ".join((node.xpath("string(.)").get() or "").split())[:longest]


def joined(page: str, address: str) -> str:
    """An address as a page writes it, made absolute; empty where it is none."""
    try:
        found = urljoin(page, address.strip())
    except ValueError:
        return ""
    return found if found.startswith(("http://", "https://")) else ""
