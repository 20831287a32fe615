"""Walk over the pages of a folder: the next page to request, and the end of the list.

A walk is an immutable value; each page makes a new one. The site appends new favourites at the end of a folder and
shows empty pages in the middle of long ones.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

MAX_EMPTY_PAGES = 2
"""The most empty pages in a row in the middle of a folder."""

LONG_FOLDER_PAGES = 5
"""A folder with this many known pages is read from its end."""

RECENT_SECONDS = 3 * 86_400
"""Seconds during which a list that was read to its end is not read again."""


@dataclass(frozen=True)
class FolderWalk:
    """A walk over the pages of one folder. `page` is the next one to request, None at the end; pages count from 0.

    A walk that goes back (`back` is set) looks for the page where the known images end, and then continues after the
    last page, so that no page is requested twice. `empty` counts empty pages in a row.
    """

    page: int | None
    known_ids: frozenset[int] = frozenset()
    back: int | None = None  # the page from which it started to go back
    trailing: int = 0  # while going back: empty pages before the first one with images
    empty: int = 0
    last: int = -1  # the last page that had images

    @property
    def pages(self) -> int:
        """The number of pages seen so far: that of the last page with images, plus one."""
        return self.last + 1

    def after_page(self, images: Iterable[int]) -> "FolderWalk":
        """The walk after the requested page, with the ids on it."""
        assert self.page is not None
        page_ids = frozenset(images)
        return self._go_back(page_ids) if self.back is not None else self._go_forward(page_ids)

    def _go_forward(self, page_ids: frozenset[int]) -> "FolderWalk":
        assert self.page is not None
        empty = 0 if page_ids else self.empty + 1
        return replace(
            self,
            page=None if empty > MAX_EMPTY_PAGES else self.page + 1,
            empty=empty,
            last=max(self.page, self.last) if page_ids else self.last,
        )

    def _go_back(self, page_ids: frozenset[int]) -> "FolderWalk":
        assert self.page is not None
        assert self.back is not None
        trailing = self.trailing + 1 if not page_ids and self.last < 0 else self.trailing
        last = self.page if page_ids and self.last < 0 else self.last
        updated = replace(self, trailing=trailing, last=last)
        if not page_ids & self.known_ids and self.page > 0:
            return replace(updated, page=self.page - 1)
        is_end = trailing > MAX_EMPTY_PAGES
        return replace(updated, back=None, page=None if is_end else self.back + 1, empty=trailing)


def start_walk(known_ids: Collection[int] = (), pages: int = 0) -> FolderWalk:
    """A walk over a folder of which earlier walks found `known_ids` on `pages` pages."""
    if pages >= LONG_FOLDER_PAGES and known_ids:
        return FolderWalk(page=pages - 1, known_ids=frozenset(known_ids), back=pages - 1)
    return FolderWalk(page=0, known_ids=frozenset(known_ids))


def is_recently_read(read_at: int | None, now: int, *, force: bool) -> bool:
    """Whether a list was read to its end so recently that it is skipped; both times in seconds since 1970."""
    return not force and read_at is not None and 0 <= now - read_at < RECENT_SECONDS
