"""A list of image ids that another program has fetched: a text file, one id per line."""

from collections.abc import Iterable, Iterator

from harvester.errors import UsageProblem


def read_ids(lines: Iterable[str], name: str) -> Iterator[int]:
    """The ids; empty lines mean nothing. Raises BadInput, with the number of the line."""
    line_number = 0
    try:
        for line_number, line in enumerate(lines, start=1):
            text = line.strip()
            if text and not (text.isascii() and text.isdigit() and len(text) <= 18 and int(text)):
                raise UsageProblem(f"{name}, line {line_number}: expected the id of an image, found {text[:60]!r}.")
            if text:
                yield int(text)
    except UnicodeDecodeError as error:
        raise UsageProblem(f"{name}: not UTF-8 text ({error.reason} behind line {line_number}).") from error
