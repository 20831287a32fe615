"""Which page of a list is asked for next, and when a list has ended. Pure: a walk is a value, a page makes a new one.

The site appends new favourites at the end, and shows empty pages in the middle of long folders.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

GAP = 2
"""Empty pages in a row that a folder may have in its middle."""

LONG = 5
"""A folder of that many known pages is read from its end."""

RECENT = 3 * 86_400
"""Seconds for which a list that was read to its end is not read again."""

LONGEST = 10_000
"""Pages; a server that never ends is not followed further."""


@dataclass(frozen=True)
class Walk:
    """A walk over the pages of one folder. `page` is the one to ask for, None at the end; pages count from 0.

    A walk that goes back (`back` is set) looks for the page where the known images end, and then goes on behind the
    last page: no page is asked for twice. `empty` counts empty pages in a row, `seen` holds the ids met on this walk.
    """

    page: int | None
    known: frozenset[int] = frozenset()
    back: int | None = None  # the page it began to go back from
    trailing: int = 0  # while going back: empty pages met before the first one with images
    empty: int = 0
    seen: frozenset[int] = frozenset()
    last: int = -1  # the last page that had images

    @property
    def pages(self) -> int:
        """How many pages the folder has as far as seen: the number of the last page with images, plus one."""
        return self.last + 1

    def see(self, images: Iterable[int]) -> "Walk":
        """The walk after the page that was asked for, with the ids on it."""
        assert self.page is not None
        found = frozenset(images)
        return self._going_back(found) if self.back is not None else self._going_on(found)

    def _going_on(self, found: frozenset[int]) -> "Walk":
        assert self.page is not None
        empty = 0 if found else self.empty + 1
        ended = empty > GAP or (found and found <= self.seen) or self.page + 1 >= LONGEST
        last = self.page if found - self.seen else self.last
        return replace(
            self, page=None if ended else self.page + 1, empty=empty, seen=self.seen | found, last=max(last, self.last)
        )

    def _going_back(self, found: frozenset[int]) -> "Walk":
        assert self.page is not None
        assert self.back is not None
        trailing = self.trailing + 1 if not found and self.last < 0 else self.trailing
        last = self.page if found and self.last < 0 else self.last
        before = replace(self, seen=self.seen | found, trailing=trailing, last=last)
        if not found & self.known and self.page > 0:
            return replace(before, page=self.page - 1)
        ended = trailing > GAP or self.back + 1 >= LONGEST
        return replace(before, back=None, page=None if ended else self.back + 1, empty=trailing)


def walk(known: Collection[int] = (), pages: int = 0) -> Walk:
    """A walk over a folder of which `known` images on `pages` pages are remembered from earlier walks."""
    if pages >= LONG and known:
        return Walk(page=pages - 1, known=frozenset(known), back=pages - 1)
    return Walk(page=0, known=frozenset(known))


def resumed(page: int, known: Collection[int], last: int) -> Walk:
    """A walk that was broken off: it goes on at `page`; `last` is the last page that had images."""
    return Walk(page=page, known=frozenset(known), last=last, empty=max(0, page - 1 - last))


def recent(read_at: int | None, now: int, *, force: bool) -> bool:
    """Whether a list was read to its end so lately that it is left alone; both times in seconds since 1970."""
    return not force and read_at is not None and 0 <= now - read_at < RECENT
