"""The rules of the tree of tags: which names there may be, which tag a text means, in which order tags are told."""

import unicodedata
from collections.abc import Iterator, Mapping

from harvester.catalogue.tags import Tag
from harvester.errors import BadInput
from harvester.text import printable, storable

Tree = Mapping[int, Tag]


def path(tree: Tree, number: int) -> str:
    """The name with those above it before it: `parent/child`."""
    tag = tree[number]
    return tag.name if tag.parent is None else f"{path(tree, tag.parent)}/{tag.name}"


def find(tree: Tree, text: str) -> int:
    """The tag that a text means: its name in any capitals, its path or the end of that, or its number.

    A name that fits comes before a number. Raises BadInput where there is none.
    """
    *above, last = (_key(part) for part in text.split("/"))
    found = next((number for number, tag in tree.items() if _key(tag.name) == last), None)
    if found is not None:
        names = [_key(part) for part in path(tree, found).split("/")]
        if names[len(names) - 1 - len(above) : -1] == above:
            return found
    elif text.isascii() and text.isdigit() and len(text) < 19 and int(text) in tree:
        return int(text)
    raise BadInput(f"There is no tag {printable(text)}: scrapy tag list shows them all.")


def free_name(tree: Tree, text: str, own: int | None = None) -> str:
    """A name as it is stored. Raises BadInput where it is none, or taken by another tag than `own`."""
    name = unicodedata.normalize("NFC", text.strip())
    if not name or any(sign in name for sign in "/\\") or printable(name) != name or storable(name) != name:
        told = "it must not be empty, and not hold / or \\ or control characters"
        raise BadInput(f"{printable(text)!r} cannot be the name of a tag: {told}.")
    for number, tag in tree.items():
        if _key(tag.name) == _key(name) and number != own:
            raise BadInput(f"There is a tag of that name already: {path(tree, number)} ({number}).")
    return name


def free_place(tree: Tree, number: int, parent: int | None) -> None:
    """Raises BadInput where a tag would be moved below itself."""
    above = parent
    while above is not None:
        if above == number:
            raise BadInput(f"{path(tree, number)} cannot be moved below itself.")
        above = tree[above].parent


def children(tree: Tree, number: int | None) -> list[int]:
    """The tags right below one, or at the top, by name."""
    below = (other for other, tag in tree.items() if tag.parent == number)
    return sorted(below, key=lambda other: (_key(tree[other].name), other))


def walk(tree: Tree, below: int | None = None, depth: int = 0) -> Iterator[tuple[int, int]]:
    """(depth, number) of every tag: depth first, by name on each level."""
    for number in children(tree, below):
        yield depth, number
        yield from walk(tree, number, depth + 1)


def _key(name: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name.strip()).casefold())
