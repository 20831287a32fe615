"""The walk over a folder's pages: nothing is missed, nothing is asked for twice, it always ends."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvester.spiders.imagefap.folder_walk import (
    LONG_FOLDER_PAGES,
    MAX_EMPTY_PAGES,
    FolderWalk,
    is_recently_read,
    start_walk,
)
from harvester.spiders.imagefap.listing_pages import parse_cursor

Pages = list[list[int]]


def _run(walking: FolderWalk, pages: Pages) -> tuple[list[int], list[int], FolderWalk]:
    """Walks over a folder; returns the pages asked for, the ids met, and the walk at its end."""
    requested: list[int] = []
    ids: list[int] = []
    while walking.page is not None:
        requested.append(walking.page)
        images = pages[walking.page] if walking.page < len(pages) else []
        ids += images
        walking = walking.after_page(images)
    return requested, ids, walking


@st.composite
def _folders(draw: st.DrawFn) -> Pages:
    """Folders with at most two empty pages in a row, and images on the last page."""
    sizes = draw(st.lists(st.integers(0, 3), max_size=20))
    pages: Pages = []
    number = 1
    for size in sizes:
        if size == 0 and (not pages or (len(pages) >= MAX_EMPTY_PAGES and not any(pages[-MAX_EMPTY_PAGES:]))):
            size = 1
        pages.append(list(range(number, number + size)))
        number += size
    while pages and not pages[-1]:
        pages.pop()
    return pages


@given(_folders())
def test_a_first_walk_meets_every_image_once_in_order(pages: Pages) -> None:
    """Every page is asked for once, and the three empty ones behind the last."""
    requested, ids, ended = _run(start_walk(), pages)
    assert ids == [image for page in pages for image in page]
    assert requested == list(range(len(pages) + MAX_EMPTY_PAGES + 1))
    assert ended.pages == len(pages)


@given(_folders(), st.integers(0, 60))
def test_a_later_walk_misses_nothing_new(pages: Pages, known_count: int) -> None:
    """Whatever was known before, all that was added at the end is met; no page is asked for twice, none is below 0."""
    images = [image for page in pages for image in page]
    old = images[:known_count]
    seen = max((number + 1 for number, page in enumerate(pages) if set(page) & set(old)), default=0)
    requested, ids, ended = _run(start_walk(old, seen), pages)
    assert set(images) - set(old) <= set(ids)
    assert len(requested) == len(set(requested))
    assert min(requested) >= 0
    assert ended.pages == len(pages)


def test_a_long_folder_is_read_from_its_end() -> None:
    """Eight known pages and nothing new: the last page and three empty ones, four requests instead of eleven."""
    pages = [[4 * page + n for n in range(4)] for page in range(8)]
    requested, _, _ = _run(start_walk([image for page in pages for image in page], 8), pages)
    assert requested == [7, 8, 9, 10]
    shorter = pages[: LONG_FOLDER_PAGES - 1]
    requested, _, _ = _run(start_walk([image for page in shorter for image in page], LONG_FOLDER_PAGES - 1), shorter)
    assert requested == list(range(LONG_FOLDER_PAGES + MAX_EMPTY_PAGES))


def test_walking_back_stops_at_the_first_page() -> None:
    """Where nothing known is left on the site, page 0 is the last one asked for, never page -1; then it goes on."""
    pages = [[100 + page] for page in range(7)]
    requested, ids, ended = _run(start_walk(range(10), 6), pages)
    assert requested == [5, 4, 3, 2, 1, 0, 6, 7, 8, 9]
    assert set(ids) == set(range(100, 107))
    assert ended.pages == 7


def test_a_folder_that_shrank_is_read_to_its_new_end() -> None:
    """Three empty pages at the old end are the end; they are not asked for again."""
    requested, _, ended = _run(start_walk(range(9), 9), [[page] for page in range(5)])
    assert requested == [8, 7, 6, 5, 4]
    assert ended.pages == 5


@given(_folders().filter(bool), st.integers(0, 30), st.data())
def test_a_walk_interrupted_at_every_page_requests_and_places_the_same(
    pages: Pages, read: int, data: st.DataObject
) -> None:
    """Kept as text after each page, also while it goes back, it asks for no page twice, and the order is the site's."""
    known_images = [image for page in pages[: min(read, len(pages))] for image in page]
    known_images = known_images[: data.draw(st.integers(0, len(known_images)))]
    before = next(
        (n + 1 for n, page in reversed(list(enumerate(pages))) if known_images and known_images[-1] in page), 0
    )
    expected, _, _ = _run(start_walk(known_images, before), pages)
    requested: list[int] = []
    placed: list[int] = []
    cursor: str | None = None
    while (folder_cursor := parse_cursor(cursor, known_images, before)).walk.page is not None:
        requested.append(folder_cursor.walk.page)
        folder_cursor, new_images = folder_cursor.after_page(
            tuple(pages[folder_cursor.walk.page]) if folder_cursor.walk.page < len(pages) else ()
        )
        placed += new_images
        if (cursor := folder_cursor.to_text()) is None:
            break
    assert requested == expected
    assert list(dict.fromkeys(known_images + placed)) == [image for page in pages for image in page]


@pytest.mark.parametrize(
    ("read_at", "force", "is_recent"),
    [(None, False, False), (1_000_000, False, True), (1_000_000, True, False), (740_800, False, False),
     (740_801, False, True), (1_000_001, False, False)],
)  # fmt: skip
def test_a_folder_read_within_three_days_is_skipped(read_at: int | None, force: bool, is_recent: bool) -> None:
    """Unless force is given; a time that lies ahead counts for nothing."""
    assert is_recently_read(read_at, 1_000_000, force=force) is is_recent
