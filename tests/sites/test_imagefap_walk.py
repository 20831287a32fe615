"""The walk over a folder's pages: nothing is missed, nothing is asked for twice, it always ends."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvester.sites.imagefap.walk import GAP, LONG, LONGEST, Walk, recent, resumed, walk

Pages = list[list[int]]


def _run(walking: Walk, pages: Pages) -> tuple[list[int], list[int], Walk]:
    """Walks over a folder; returns the pages asked for, the ids met, and the walk at its end."""
    asked: list[int] = []
    met: list[int] = []
    while walking.page is not None:
        asked.append(walking.page)
        images = pages[walking.page] if walking.page < len(pages) else []
        met += images
        walking = walking.see(images)
    return asked, met, walking


@st.composite
def _folders(draw: st.DrawFn) -> Pages:
    """Folders with at most two empty pages in a row, and images on the last page."""
    sizes = draw(st.lists(st.integers(0, 3), max_size=20))
    kept: Pages = []
    number = 1
    for size in sizes:
        if size == 0 and (not kept or (len(kept) >= GAP and not any(kept[-GAP:]))):
            size = 1
        kept.append(list(range(number, number + size)))
        number += size
    while kept and not kept[-1]:
        kept.pop()
    return kept


@given(_folders())
def test_a_first_walk_meets_every_image_once_in_order(pages: Pages) -> None:
    """Every page is asked for once, and the three empty ones behind the last."""
    asked, met, ended = _run(walk(), pages)
    assert met == [image for page in pages for image in page]
    assert asked == list(range(len(pages) + GAP + 1))
    assert ended.pages == len(pages)


@given(_folders(), st.integers(0, 60))
def test_a_later_walk_misses_nothing_new(pages: Pages, known: int) -> None:
    """Whatever was known before, all that was added at the end is met; no page is asked for twice, none is below 0."""
    images = [image for page in pages for image in page]
    old = images[:known]
    seen = max((number + 1 for number, page in enumerate(pages) if set(page) & set(old)), default=0)
    asked, met, ended = _run(walk(old, seen), pages)
    assert set(images) - set(old) <= set(met)
    assert len(asked) == len(set(asked))
    assert min(asked) >= 0
    assert ended.pages == len(pages)


def test_a_long_folder_is_read_from_its_end() -> None:
    """Eight known pages and nothing new: the last page and three empty ones, four requests instead of eleven."""
    pages = [[4 * page + n for n in range(4)] for page in range(8)]
    asked, _, _ = _run(walk([image for page in pages for image in page], 8), pages)
    assert asked == [7, 8, 9, 10]
    shorter = pages[: LONG - 1]
    asked, _, _ = _run(walk([image for page in shorter for image in page], LONG - 1), shorter)
    assert asked == list(range(LONG + GAP))


def test_going_back_stops_at_the_first_page() -> None:
    """Where nothing known is left on the site, page 0 is the last one asked for, never page -1; then it goes on."""
    pages = [[100 + page] for page in range(7)]
    asked, met, ended = _run(walk(range(10), 6), pages)
    assert asked == [5, 4, 3, 2, 1, 0, 6, 7, 8, 9]
    assert set(met) == set(range(100, 107))
    assert ended.pages == 7


def test_a_folder_that_shrank_is_read_to_its_new_end() -> None:
    """Three empty pages at the old end are the end; they are not asked for again."""
    asked, _, ended = _run(walk(range(9), 9), [[page] for page in range(5)])
    assert asked == [8, 7, 6, 5, 4]
    assert ended.pages == 5


def test_a_page_that_brings_nothing_new_ends_the_walk() -> None:
    """A server that gives the last page for every later number is not followed."""
    asked, _, ended = _run(walk(), [[1, 2], [3, 4], [3, 4], [3, 4], [5]])
    assert asked == [0, 1, 2]
    assert ended.pages == 2


def test_a_server_without_an_end_is_left() -> None:
    """However many new ids it invents."""
    asked, _, _ = _run(walk(), [[page] for page in range(LONGEST + 5)])
    assert len(asked) == LONGEST


@given(_folders().filter(bool), st.data())
def test_a_walk_that_was_broken_off_goes_on(pages: Pages, data: st.DataObject) -> None:
    """From the page it had come to, it asks for exactly what was left."""
    at = data.draw(st.integers(0, len(pages) + GAP))
    before = [image for page in pages[:at] for image in page]
    last = max((number for number, page in enumerate(pages[:at]) if page), default=-1)
    asked, met, ended = _run(resumed(at, before, last), pages)
    assert asked == list(range(at, len(pages) + GAP + 1))
    assert before + met == [image for page in pages for image in page]
    assert ended.pages == len(pages)


@pytest.mark.parametrize(
    ("read_at", "force", "left_alone"),
    [(None, False, False), (1_000_000, False, True), (1_000_000, True, False), (740_800, False, False),
     (740_801, False, True), (1_000_001, False, False)],
)  # fmt: skip
def test_what_was_read_within_three_days_is_left_alone(read_at: int | None, force: bool, left_alone: bool) -> None:
    """Unless force is given; a time that lies ahead counts for nothing."""
    assert recent(read_at, 1_000_000, force=force) is left_alone
