"""How far a folder has been read, as the text that the catalogue keeps for a listing."""

import json
from collections.abc import Collection
from dataclasses import dataclass, replace

from harvester.sites.imagefap import walk
from harvester.sites.imagefap.walk import FolderWalk


@dataclass(frozen=True)
class FolderCursor:
    """A walk over a folder, and the ids met while it goes back, which have no place yet: what is before comes first."""

    walk: FolderWalk
    held: tuple[int, ...] = ()

    def after_page(self, images: tuple[int, ...]) -> tuple["FolderCursor", tuple[int, ...]]:
        """The reading after a page with these ids, and the ids that now have their place, in the site's order."""
        next_walk = self.walk.after_page(images)
        image_ids = (*images, *self.held) if self.walk.back is not None else images
        if next_walk.back is not None:
            return FolderCursor(next_walk, image_ids), ()
        return FolderCursor(next_walk), image_ids

    def to_text(self) -> str | None:
        """As a cursor; None at the end. A walk's ids are not in it: the catalogue has them."""
        if self.walk.page is None:
            return None
        fields = {name: getattr(self.walk, name) for name in _SAVED_FIELDS}
        return json.dumps({**fields, "held": self.held}, separators=(",", ":"))


_SAVED_FIELDS = ("page", "back", "trailing", "empty", "last")


def parse_cursor(cursor: str | None, known_ids: Collection[int], pages: int) -> FolderCursor:
    """The reading that a cursor tells; None is a new one, of a folder with known images on so many pages."""
    if cursor is None:
        return FolderCursor(walk.start_walk(known_ids, pages))
    state = json.loads(cursor)
    fields = {name: state[name] for name in _SAVED_FIELDS}
    return FolderCursor(replace(FolderWalk(page=None, known_ids=frozenset(known_ids)), **fields), tuple(state["held"]))
