"""How far a folder has been read, as the text that the catalogue keeps for a listing."""

import json
from collections.abc import Collection
from dataclasses import dataclass, replace

from harvester.sites.imagefap import walk
from harvester.sites.imagefap.walk import Walk


@dataclass(frozen=True)
class Reading:
    """A walk over a folder, and the ids met while it goes back, which have no place yet: what is before comes first."""

    walk: Walk
    held: tuple[int, ...] = ()

    def see(self, images: tuple[int, ...]) -> tuple["Reading", tuple[int, ...]]:
        """The reading after a page with these ids, and the ids that now have their place, in the site's order."""
        after = self.walk.see(images)
        met = (*images, *self.held) if self.walk.back is not None else images
        if after.back is not None:
            return Reading(after, met), ()
        return Reading(after), met

    def text(self) -> str | None:
        """As a cursor; None at the end. A walk's ids are not in it: the catalogue has them."""
        if self.walk.page is None:
            return None
        kept = {name: getattr(self.walk, name) for name in _KEPT}
        return json.dumps({**kept, "held": self.held}, separators=(",", ":"))


_KEPT = ("page", "back", "trailing", "empty", "last")


def reading(cursor: str | None, known: Collection[int], pages: int) -> Reading:
    """The reading that a cursor tells; None is a new one, of a folder with known images on so many pages."""
    if cursor is None:
        return Reading(walk.walk(known, pages))
    told = json.loads(cursor)
    kept = {name: told[name] for name in _KEPT}
    return Reading(replace(Walk(page=None, known=frozenset(known)), **kept), tuple(told["held"]))
