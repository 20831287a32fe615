"""When a source has no end: what a walk over a listing has seen in this run, and when that is enough."""

from dataclasses import replace

from harvester.items import ListingPage

MAX_EMPTY_PAGES = 200
"""So many empty pages in a row are no listing any more, whatever cursors they carry."""

MAX_PAGES_PER_RUN = 20_000
"""Pages of one listing in one run; the next run goes on behind them."""


class LoopGuard:
    """Looks at each page of a walk that began at `cursor`."""

    def __init__(self, cursor: str | None) -> None:
        self._cursors = {cursor}
        self._last_keys: list[str] = []
        self._empty_pages = self._page_count = 0

    def check_page(self, page: ListingPage) -> ListingPage:
        """The page, as `cut` where the source leads in a circle, repeats itself or does not end."""
        keys, previous_keys = [image.key for image in page.images], self._last_keys
        self._last_keys = keys
        self._page_count += 1
        self._empty_pages = 0 if page.entry_count else self._empty_pages + 1
        if page.next_cursor is None:
            return page
        if page.next_cursor in self._cursors:
            return replace(page, next_cursor=None, incomplete="the source gave the same cursor again")
        self._cursors.add(page.next_cursor)
        if self._empty_pages >= MAX_EMPTY_PAGES:
            return replace(page, incomplete=f"{MAX_EMPTY_PAGES} empty pages in a row")
        if keys and keys == previous_keys:
            return replace(page, incomplete="the source gave the same page again")
        if self._page_count >= MAX_PAGES_PER_RUN:
            return replace(page, incomplete=f"{MAX_PAGES_PER_RUN:,} pages in one run")
        return page
