"""When a source has no end: what a walk over a listing has seen in this run, and when that is enough."""

from dataclasses import replace

from harvester.items import Page

EMPTY_PAGES = 200
"""So many empty pages in a row are no listing any more, whatever cursors they carry."""

MOST_PAGES = 20_000
"""Pages of one listing in one run; the next run goes on behind them."""


class Endless:
    """Looks at each page of a walk that began at `cursor`."""

    def __init__(self, cursor: str | None) -> None:
        self._cursors = {cursor}
        self._keys: list[str] = []
        self._empty = self._pages = 0

    def checked(self, page: Page) -> Page:
        """The page, as `cut` where the source leads in a circle, repeats itself or does not end."""
        keys, before = [promise.key for promise in page.promises], self._keys
        self._keys = keys
        self._pages += 1
        self._empty = 0 if page.items else self._empty + 1
        if page.next is None:
            return page
        if page.next in self._cursors:
            return replace(page, next=None, cut="the source gave the same cursor again")
        self._cursors.add(page.next)
        if self._empty >= EMPTY_PAGES:
            return replace(page, cut=f"{EMPTY_PAGES} empty pages in a row")
        if keys and keys == before:
            return replace(page, cut="the source gave the same page again")
        if self._pages >= MOST_PAGES:
            return replace(page, cut=f"{MOST_PAGES:,} pages in one run")
        return page
