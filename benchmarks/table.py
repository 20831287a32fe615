"""Tables that read well on a terminal and can be pasted into a page of the docs."""

import os
import platform
from collections.abc import Sequence


def show(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a Markdown table; columns of figures to the right, the others to the left."""
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(head)
    right = [bool(cells) and all(_figure(cell) for cell in cells) for cells in columns]
    widths = [max(map(len, (name, *cells))) for name, cells in zip(head, columns, strict=True)]
    rule = "|".join("-" * (width + 1) + "-:"[at] for width, at in zip(widths, right, strict=True))
    lines = [_line(row, widths, right) for row in (head, *rows)]
    print("\n".join((lines[0], f"|{rule}|", *lines[1:])), flush=True)


def machine() -> str:
    """What the figures were taken on, and how busy it was already."""
    cores = len(os.sched_getaffinity(0))
    return f"{cores} cores, Python {platform.python_version()}, load before: {os.getloadavg()[0]:.1f}"


def _figure(cell: str) -> bool:
    return cell[:1].isdigit() or cell == "–"


def _line(row: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> str:
    cells = zip(row, widths, right, strict=True)
    return "| " + " | ".join(cell.rjust(width) if at else cell.ljust(width) for cell, width, at in cells) + " |"
