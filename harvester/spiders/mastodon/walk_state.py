"""How far a listing has been walked, over any number of runs: what is new above and what is missing below.

Pages come newest first and ids cannot be compared, so every walk starts at the top. What was walked is kept as
stretches, the newest first: the ids at the head of each, and the cursor behind its end. A walk that meets the head of
an earlier stretch knows all below it and goes on at that stretch's end. So a second run asks for the new pages only,
and a run that was stopped anywhere is continued.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from harvester.spiders.mastodon import json_fields
from harvester.spiders.mastodon.api import Cursor

HEAD_IDS_KEPT = 40
"""Ids kept of a stretch's first page; some of the posts may be deleted later."""

MAX_RANGES = 20
"""A walk stopped that often is walked anew from there: pages more, never posts less."""


@dataclass(frozen=True)
class WalkedRange:
    """Posts without a gap, from the heads down to the cursor; None: down to the very first post."""

    heads: tuple[str, ...]
    cursor: Cursor | None


@dataclass(frozen=True)
class WalkedRanges:
    """All stretches of a listing, newest first."""

    ranges: tuple[WalkedRange, ...] = ()

    def after_first_page(self, ids: Sequence[str], next_cursor: Cursor | None) -> "WalkedRanges":
        """The reach after the first page of a run: its ids, and where the page after it begins."""
        if not ids:
            return self
        return self._merge(WalkedRange(tuple(ids[:HEAD_IDS_KEPT]), next_cursor), ids, self.ranges)

    def after_page(self, ids: Sequence[str], next_cursor: Cursor | None) -> "WalkedRanges":
        """The reach after a further page of the run."""
        if not self.ranges:
            return self
        return self._merge(WalkedRange(self.ranges[0].heads, next_cursor), ids, self.ranges[1:])

    @property
    def cursor(self) -> Cursor | None:
        """Where the walk that has begun goes on; None: everything is known."""
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
        """For the catalogue."""
        return json.dumps(
            [
                [walked_range.heads, walked_range.cursor and [walked_range.cursor.name, walked_range.cursor.value]]
                for walked_range in self.ranges
            ]
        )


@dataclass(frozen=True)
class WalkState:
    """What is remembered of a listing between runs: how far it was walked, and how many posts were taken."""

    walked: WalkedRanges = WalkedRanges()
    posts: int = 0

    @classmethod
    def parse(cls, stored: str | None) -> "WalkState":
        """What `text` wrote, or an empty mark."""
        try:
            posts, ranges = json.loads(stored or "")
            return cls(parse_ranges(json.dumps(ranges)), int(posts))
        except (TypeError, ValueError):
            return cls()

    @property
    def text(self) -> str:
        """For the catalogue."""
        return json.dumps([self.posts, json.loads(self.walked.to_text())])


def parse_ranges(stored: str) -> WalkedRanges:
    """What `text` wrote; of anything else nothing is known, so the listing is walked anew."""
    data = json_fields.parse_json_or_none(stored.encode("utf-8", "replace"))
    try:
        return WalkedRanges(
            tuple(WalkedRange(tuple(map(str, heads)), cursor and Cursor(*map(str, cursor))) for heads, cursor in data)
        )
    except (TypeError, ValueError):
        return WalkedRanges()
