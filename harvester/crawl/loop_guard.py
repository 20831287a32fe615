"""Detection of listings that do not progress: pages that come again, cursors in a circle, listings without an end."""

from collections.abc import Sequence
from dataclasses import replace

from harvester.errors import ListingIncomplete
from harvester.items import ListingPage

MAX_EMPTY_PAGES = 200
"""Empty pages in a row after which a listing counts as endless, whatever cursors they carry."""

MAX_PAGES_PER_RUN = 20_000
"""Pages of one listing in one run; the next run continues after them."""

MAX_IDS_KEPT = 10_000
"""Ids of the last pages that are kept for comparison: 50 pages of the largest size, in about 1 MB."""


class LoopGuard:
    """Compares the pages of one walk over a listing, which began at `cursor`; `is_stuck` after a page without progress.

    `first_ids`: the entries at the top of the listing, where an earlier run has read them. `newest_first`: the source
    sorts the entries by their ids, the newest first, so that a page on which all are newer is no progress either.
    """

    def __init__(self, cursor: str | None, first_ids: Sequence[str] = (), *, newest_first: bool = False) -> None:
        self.is_stuck = False
        self._cursors = {cursor}
        self._first_ids = self._previous_ids = list(first_ids)
        self._kept_ids = dict.fromkeys(first_ids)
        self._previous_keys: list[str] = []
        self._newest_first = newest_first
        self._empty_pages = self._page_count = 0

    def check_page(self, page: ListingPage) -> ListingPage:
        """Return the page, marked incomplete where the source leads in a circle or does not end.

        Raises ListingIncomplete for a page without progress: the cursor was ignored, so what should have been on the
        page is still to be read, and the next walk begins at the top.
        """
        keys, previous_keys = [image.key for image in page.images], self._previous_keys
        ids = list(dict.fromkeys(page.entry_ids or keys))
        is_circle = page.next_cursor is not None and page.next_cursor in self._cursors
        if ids and not self._is_progress(ids, is_last=page.next_cursor is None):
            self.is_stuck = True
            repeated = "cursor" if is_circle else "page"
            raise ListingIncomplete(f"the source gave the same {repeated} again, without older entries", restart=True)
        self._keep(ids)
        self._previous_keys = keys
        self._page_count += 1
        self._empty_pages = 0 if ids or page.entry_count else self._empty_pages + 1
        if page.next_cursor is None:
            return page
        if is_circle:
            self.is_stuck = True
            return replace(page, next_cursor=None, incomplete="the source gave the same cursor again")
        self._cursors.add(page.next_cursor)
        if self._empty_pages >= MAX_EMPTY_PAGES:
            self.is_stuck = True
            return replace(page, incomplete=f"{MAX_EMPTY_PAGES} empty pages in a row")
        if keys and keys == previous_keys:
            self.is_stuck = True
            return replace(page, incomplete="the source gave the same images again")
        if self._page_count >= MAX_PAGES_PER_RUN:
            return replace(page, incomplete=f"{MAX_PAGES_PER_RUN:,} pages in one run")
        return page

    def _is_progress(self, ids: list[str], *, is_last: bool) -> bool:
        """Whether a page continues the listing. A last page may consist of entries that moved down meanwhile."""
        known = [ident for ident in ids if ident in self._kept_ids]
        if ids == self._previous_ids or self._is_top_again(ids, known):
            return False
        if self._newest_first and _are_newer(ids, self._previous_ids):
            return False
        return is_last or len(known) < len(ids)

    def _is_top_again(self, ids: list[str], known: list[str]) -> bool:
        """Whether this is the first page once more, with nothing or only new entries above it."""
        is_top = known == self._first_ids[: len(known)] and len(known) >= min(2, len(self._first_ids))
        return bool(known) and is_top and ids[len(ids) - len(known) :] == known

    def _keep(self, ids: list[str]) -> None:
        if not ids:
            return
        self._first_ids = self._first_ids or ids
        self._previous_ids = ids
        self._kept_ids.update(dict.fromkeys(ids))
        while len(self._kept_ids) > MAX_IDS_KEPT:
            del self._kept_ids[next(iter(self._kept_ids))]


def _are_newer(ids: Sequence[str], others: Sequence[str]) -> bool:
    """Whether all ids come after all others; False where that is unknown: letters of different length, nothing.

    Decimal ids count up; the letter ids of the common software (ULID, flake, aid) sort as texts of one length.
    """
    texts = [*ids, *others]
    width = max(map(len, texts))
    are_decimal = all(text.isascii() and text.isdigit() for text in texts)
    if not others or not (are_decimal or all(len(text) == width and text.isalnum() for text in texts)):
        return False
    return min(text.zfill(width) for text in ids) > max(text.zfill(width) for text in others)
