"""Which page of a list is asked for next, and when a list has ended. Pure: a walk is a value, a page makes a new one.

The site appends new favourites at the end, and shows empty pages in the middle of long folders.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

MAX_EMPTY_PAGES = 2
"""Empty pages in a row that a folder may have in its middle."""

LONG_FOLDER_PAGES = 5
"""A folder of that many known pages is read from its end."""

RECENT_SECONDS = 3 * 86_400
"""Seconds for which a list that was read to its end is not read again."""

MAX_FOLDER_PAGES = 10_000
"""Pages; a server that never ends is not followed further."""


@dataclass(frozen=True)
class FolderWalk:
    """A walk over the pages of one folder. `page` is the one to ask for, None at the end; pages count from 0.

    A walk that goes back (`back` is set) looks for the page where the known images end, and then goes on behind the
    last page: no page is asked for twice. `empty` counts empty pages in a row, `seen` holds the ids met on this walk.
    """

    page: int | None
    known_ids: frozenset[int] = frozenset()
    back: int | None = None  # the page it began to go back from
    trailing: int = 0  # while going back: empty pages met before the first one with images
    empty: int = 0
    seen_ids: frozenset[int] = frozenset()
    last: int = -1  # the last page that had images

    @property
    def pages(self) -> int:
        """How many pages the folder has as far as seen: the number of the last page with images, plus one."""
        return self.last + 1

    def after_page(self, images: Iterable[int]) -> "FolderWalk":
        """The walk after the page that was asked for, with the ids on it."""
        assert self.page is not None
        page_ids = frozenset(images)
        return self._go_back(page_ids) if self.back is not None else self._go_forward(page_ids)

    def _go_forward(self, page_ids: frozenset[int]) -> "FolderWalk":
        assert self.page is not None
        empty = 0 if page_ids else self.empty + 1
        is_end = (
            empty > MAX_EMPTY_PAGES or (page_ids and page_ids <= self.seen_ids) or self.page + 1 >= MAX_FOLDER_PAGES
        )
        last = self.page if page_ids - self.seen_ids else self.last
        return replace(
            self,
            page=None if is_end else self.page + 1,
            empty=empty,
            seen_ids=self.seen_ids | page_ids,
            last=max(last, self.last),
        )

    def _go_back(self, page_ids: frozenset[int]) -> "FolderWalk":
        assert self.page is not None
        assert self.back is not None
        trailing = self.trailing + 1 if not page_ids and self.last < 0 else self.trailing
        last = self.page if page_ids and self.last < 0 else self.last
        updated = replace(self, seen_ids=self.seen_ids | page_ids, trailing=trailing, last=last)
        if not page_ids & self.known_ids and self.page > 0:
            return replace(updated, page=self.page - 1)
        is_end = trailing > MAX_EMPTY_PAGES or self.back + 1 >= MAX_FOLDER_PAGES
        return replace(updated, back=None, page=None if is_end else self.back + 1, empty=trailing)


def start_walk(known_ids: Collection[int] = (), pages: int = 0) -> FolderWalk:
    """A walk over a folder of which `known` images on `pages` pages are remembered from earlier walks."""
    if pages >= LONG_FOLDER_PAGES and known_ids:
        return FolderWalk(page=pages - 1, known_ids=frozenset(known_ids), back=pages - 1)
    return FolderWalk(page=0, known_ids=frozenset(known_ids))


def is_recently_read(read_at: int | None, now: int, *, force: bool) -> bool:
    """Whether a list was read to its end so lately that it is left alone; both times in seconds since 1970."""
    return not force and read_at is not None and 0 <= now - read_at < RECENT_SECONDS
