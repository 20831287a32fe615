"""How far a listing has been walked, over any number of runs: what is new above and what is missing below.

Pages come newest first and ids cannot be compared, so every walk starts at the top. What was walked is kept as
stretches, the newest first: the ids at the head of each, and the cursor behind its end. A walk that meets the head of
an earlier stretch knows all below it and goes on at that stretch's end. So a second run asks for the new pages only,
and a run that was stopped anywhere is continued.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from harvester.sites.mastodon import fields
from harvester.sites.mastodon.api import Cursor

HEADS = 40
"""Ids kept of a stretch's first page; some of the posts may be deleted later."""

MOST_STRETCHES = 20
"""A walk stopped that often is walked anew from there: pages more, never posts less."""


@dataclass(frozen=True)
class Stretch:
    """Posts without a gap, from the heads down to the cursor; None: down to the very first post."""

    heads: tuple[str, ...]
    cursor: Cursor | None


@dataclass(frozen=True)
class Reach:
    """All stretches of a listing, newest first."""

    stretches: tuple[Stretch, ...] = ()

    def begun(self, ids: Sequence[str], following: Cursor | None) -> "Reach":
        """The reach after the first page of a run: its ids, and where the page after it begins."""
        if not ids:
            return self
        return self._joined(Stretch(tuple(ids[:HEADS]), following), ids, self.stretches)

    def continued(self, ids: Sequence[str], following: Cursor | None) -> "Reach":
        """The reach after a further page of the run."""
        if not self.stretches:
            return self
        return self._joined(Stretch(self.stretches[0].heads, following), ids, self.stretches[1:])

    @property
    def cursor(self) -> Cursor | None:
        """Where the walk that has begun goes on; None: everything is known."""
        return self.stretches[0].cursor if self.stretches else None

    @staticmethod
    def _joined(top: Stretch, ids: Sequence[str], below: tuple[Stretch, ...]) -> "Reach":
        there = set(ids)
        met = [number for number, stretch in enumerate(below) if not there.isdisjoint(stretch.heads)]
        if met:
            top = Stretch(top.heads, below[met[-1]].cursor)
            below = below[met[-1] + 1 :]
        return Reach((top, *below) if top.cursor else (top,))._bounded()

    def _bounded(self) -> "Reach":
        return Reach(self.stretches[:MOST_STRETCHES])

    def text(self) -> str:
        """For the catalogue."""
        return json.dumps([[s.heads, s.cursor and [s.cursor.name, s.cursor.value]] for s in self.stretches])


@dataclass(frozen=True)
class Mark:
    """What is remembered of a listing between runs: how far it was walked, and how many posts were taken."""

    reach: Reach = Reach()
    posts: int = 0

    @classmethod
    def of(cls, stored: str | None) -> "Mark":
        """What `text` wrote, or an empty mark."""
        try:
            taken, reach = json.loads(stored or "")
            return cls(from_text(json.dumps(reach)), int(taken))
        except (TypeError, ValueError):
            return cls()

    @property
    def text(self) -> str:
        """For the catalogue."""
        return json.dumps([self.posts, json.loads(self.reach.text())])


def from_text(stored: str) -> Reach:
    """What `text` wrote; of anything else nothing is known, so the listing is walked anew."""
    found = fields.parsed(stored.encode("utf-8", "replace"))
    try:
        return Reach(tuple(Stretch(tuple(map(str, heads)), at and Cursor(*map(str, at))) for heads, at in found))
    except (TypeError, ValueError):
        return Reach()
