"""A list of image ids that another program has fetched: a text file, one id per line."""

from collections.abc import Iterable, Iterator

from harvester.errors import BadInput


def ids(lines: Iterable[str], name: str) -> Iterator[int]:
    """The ids; empty lines mean nothing. Raises BadInput, with the number of the line."""
    number = 0
    try:
        for number, line in enumerate(lines, start=1):
            word = line.strip()
            if word and not (word.isascii() and word.isdigit() and len(word) <= 18 and int(word)):
                raise BadInput(f"{name}, line {number}: expected the id of an image, found {word[:60]!r}.")
            if word:
                yield int(word)
    except UnicodeDecodeError as error:
        raise BadInput(f"{name}: not UTF-8 text ({error.reason} behind line {number}).") from error
