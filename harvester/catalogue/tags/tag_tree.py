"""Rules of the tag tree: valid names, look-up of a tag by text, and the order of tags."""

import unicodedata
from collections.abc import Iterator, Mapping

from harvester.catalogue.tags.tag_assignment import Tag
from harvester.errors import UsageProblem
from harvester.text import escape_control_chars, strip_unstorable

TagTree = Mapping[int, Tag]


def tag_path(tree: TagTree, number: int) -> str:
    """The name of a tag with the names above it: `parent/child`."""
    tag = tree[number]
    return tag.name if tag.parent is None else f"{tag_path(tree, tag.parent)}/{tag.name}"


def find_tag(tree: TagTree, text: str) -> int:
    """The tag that a text means: a name in any case, a path or the end of one, or a number.

    A matching name takes precedence over a number. Raises UsageProblem if there is no such tag.
    """
    *parents, leaf = (_comparison_key(part) for part in text.split("/"))
    match = next((number for number, tag in tree.items() if _comparison_key(tag.name) == leaf), None)
    if match is not None:
        path_keys = [_comparison_key(part) for part in tag_path(tree, match).split("/")]
        if path_keys[len(path_keys) - 1 - len(parents) : -1] == parents:
            return match
    elif text.isascii() and text.isdigit() and len(text) < 19 and int(text) in tree:
        return int(text)
    raise UsageProblem(f"There is no tag {escape_control_chars(text)}; scrapy tag list shows all tags.")


def validate_name(tree: TagTree, text: str, own_number: int | None = None) -> str:
    """The name in the form in which it is stored.

    Raises UsageProblem if it is invalid, or taken by a tag other than `own_number`.
    """
    name = unicodedata.normalize("NFC", text.strip())
    if (
        not name
        or any(character in name for character in "/\\")
        or escape_control_chars(name) != name
        or strip_unstorable(name) != name
    ):
        requirement = "it must not be empty or contain /, \\ or control characters"
        raise UsageProblem(f"{escape_control_chars(text)!r} cannot be the name of a tag: {requirement}.")
    for number, tag in tree.items():
        if _comparison_key(tag.name) == _comparison_key(name) and number != own_number:
            raise UsageProblem(f"There is already a tag of that name: {tag_path(tree, number)} ({number}).")
    return name


def check_move(tree: TagTree, number: int, parent: int | None) -> None:
    """Raise UsageProblem if a tag would be moved below itself."""
    ancestor = parent
    while ancestor is not None:
        if ancestor == number:
            raise UsageProblem(f"{tag_path(tree, number)} cannot be moved below itself.")
        ancestor = tree[ancestor].parent


def children(tree: TagTree, number: int | None) -> list[int]:
    """The tags directly below a tag, or at the top level, by name."""
    child_numbers = (child for child, tag in tree.items() if tag.parent == number)
    return sorted(child_numbers, key=lambda child: (_comparison_key(tree[child].name), child))


def walk_tree(tree: TagTree, root: int | None = None, depth: int = 0) -> Iterator[tuple[int, int]]:
    """(depth, number) of every tag: depth-first, by name on each level."""
    for number in children(tree, root):
        yield depth, number
        yield from walk_tree(tree, number, depth + 1)


def _comparison_key(name: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name.strip()).casefold())
