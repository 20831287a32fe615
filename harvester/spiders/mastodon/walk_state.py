"""State of the walks over a listing across runs: the walked ranges, the new posts above and the gaps below.

Pages come newest first and ids cannot be compared, so every walk starts at the top. Walked ranges are kept newest
first, each with the ids at its head and the cursor after its end. A walk that reaches the head of an earlier range
skips to that range's end. So a second run requests only new pages, and an interrupted run continues where it stopped.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from harvester.spiders.mastodon import json_fields
from harvester.spiders.mastodon.api import Cursor

HEAD_IDS_KEPT = 40
"""Ids that are kept of a range's first page; several, as some of the posts may be deleted later."""

MAX_RANGES = 20
"""The most ranges that are kept; older parts are walked again, which costs pages but loses no posts."""


@dataclass(frozen=True)
class WalkedRange:
    """Posts without a gap, from `heads` down to `cursor`; None: down to the very first post."""

    heads: tuple[str, ...]
    cursor: Cursor | None


@dataclass(frozen=True)
class WalkedRanges:
    """All walked ranges of a listing, newest first."""

    ranges: tuple[WalkedRange, ...] = ()

    def after_first_page(self, ids: Sequence[str], next_cursor: Cursor | None) -> "WalkedRanges":
        """The ranges after the first page of a run, with its ids and the cursor of the page after it."""
        if not ids:
            return self
        return self._merge(WalkedRange(tuple(ids[:HEAD_IDS_KEPT]), next_cursor), ids, self.ranges)

    def after_page(self, ids: Sequence[str], next_cursor: Cursor | None) -> "WalkedRanges":
        """The ranges after a further page of the run."""
        if not self.ranges:
            return self
        return self._merge(WalkedRange(self.ranges[0].heads, next_cursor), ids, self.ranges[1:])

    @property
    def cursor(self) -> Cursor | None:
        """The cursor at which the current walk continues; None: everything is known."""
        return self.ranges[0].cursor if self.ranges else None

    @staticmethod
    def _merge(top: WalkedRange, ids: Sequence[str], below: tuple[WalkedRange, ...]) -> "WalkedRanges":
        page_ids = set(ids)
        reached = [index for index, walked_range in enumerate(below) if not page_ids.isdisjoint(walked_range.heads)]
        if reached:
            top = WalkedRange(top.heads, below[reached[-1]].cursor)
            below = below[reached[-1] + 1 :]
        return WalkedRanges((top, *below) if top.cursor else (top,))._limit_ranges()

    def _limit_ranges(self) -> "WalkedRanges":
        return WalkedRanges(self.ranges[:MAX_RANGES])

    def to_text(self) -> str:
        """The ranges as text for the catalogue."""
        return json.dumps(
            [
                [walked_range.heads, walked_range.cursor and [walked_range.cursor.name, walked_range.cursor.value]]
                for walked_range in self.ranges
            ]
        )


@dataclass(frozen=True)
class WalkState:
    """The state of a listing between runs: the walked ranges and the number of posts taken."""

    walked: WalkedRanges = WalkedRanges()
    posts: int = 0

    @classmethod
    def parse(cls, stored: str | None) -> "WalkState":
        """The state that `text` wrote, or an empty one."""
        try:
            posts, ranges = json.loads(stored or "")
            return cls(parse_ranges(json.dumps(ranges)), int(posts))
        except (TypeError, ValueError):
            return cls()

    @property
    def text(self) -> str:
        """The state as text for the catalogue."""
        return json.dumps([self.posts, json.loads(self.walked.to_text())])


def parse_ranges(stored: str) -> WalkedRanges:
    """The ranges that `to_text` wrote; none for any other text, so that the listing is walked again."""
    data = json_fields.parse_json_or_none(stored.encode("utf-8", "replace"))
    try:
        return WalkedRanges(
            tuple(WalkedRange(tuple(map(str, heads)), cursor and Cursor(*map(str, cursor))) for heads, cursor in data)
        )
    except (TypeError, ValueError):
        return WalkedRanges()
