"""Readers for the pages of favourites: the list of folders, and one folder. The spider requests and records."""

import json
from collections.abc import Collection
from dataclasses import dataclass, field, replace

from harvester.errors import ListingIncomplete
from harvester.items import DiscoveredImage, ListingPage
from harvester.parsing.responses import SiteResponse
from harvester.spiders.imagefap import folder_walk
from harvester.spiders.imagefap.folder_walk import FolderWalk
from harvester.spiders.imagefap.folders import (
    FavouriteFolder,
    parse_folder_list,
    parse_folder_page,
    parse_user,
)
from harvester.spiders.imagefap.page_kind import PageKind, kind_of_page
from harvester.spiders.imagefap.urls import ImagefapUrls


@dataclass(frozen=True)
class FolderCursor:
    """A walk over a folder, and the ids found while it goes back, which get their places when earlier ids are known."""

    walk: FolderWalk
    held: tuple[int, ...] = ()

    def after_page(self, images: tuple[int, ...]) -> tuple["FolderCursor", tuple[int, ...]]:
        """The cursor after a page with these ids, and the ids that now have their places, in the site's order."""
        next_walk = self.walk.after_page(images)
        image_ids = (*images, *self.held) if self.walk.back is not None else images
        if next_walk.back is not None:
            return FolderCursor(next_walk, image_ids), ()
        return FolderCursor(next_walk), image_ids

    def to_text(self) -> str | None:
        """The cursor as text, without the walk's ids, which the catalogue has; None at the end."""
        if self.walk.page is None:
            return None
        fields = {name: getattr(self.walk, name) for name in _SAVED_FIELDS}
        return json.dumps({**fields, "held": self.held}, separators=(",", ":"))


_SAVED_FIELDS = ("page", "back", "trailing", "empty", "last")


def parse_cursor(cursor: str | None, known_ids: Collection[int], pages: int) -> FolderCursor:
    """The cursor in a text; for None a new one, for a folder with `known_ids` on `pages` pages."""
    if cursor is None:
        return FolderCursor(folder_walk.start_walk(known_ids, pages))
    state = json.loads(cursor)
    fields = {name: state[name] for name in _SAVED_FIELDS}
    return FolderCursor(replace(FolderWalk(page=None, known_ids=frozenset(known_ids)), **fields), tuple(state["held"]))


@dataclass
class FolderListReader:
    """Reads the list of a user's folders, page by page up to an empty one, or up to one named exactly `folder_name`."""

    urls: ImagefapUrls
    user: int
    folder_name: str | None = None
    user_name: str = ""
    folders: tuple[FavouriteFolder, ...] = ()
    """The folders on the page that was read last."""
    error: str = ""
    """The error in what was requested, as a sentence."""

    @property
    def query(self) -> str:
        """The listing's name in the catalogue; a search has its own, as it is not the complete list."""
        return f"folders of user {self.user}" + (f", for {self.folder_name}" if self.folder_name else "")

    def page_url(self, cursor: str | None) -> str:
        """The address of the page at a cursor, which is its number."""
        return self.urls.folder_list_url(self.user, int(cursor or 0))

    def read_page(self, response: SiteResponse, cursor: str | None) -> ListingPage:
        """Read one page. Raises ListingIncomplete."""
        kind, page_number = kind_of_page(response), int(cursor or 0)
        if kind is PageKind.MISSING and page_number == 0:
            self.error = f"The site has no user {self.user}."
            return ListingPage()
        if kind is not PageKind.FOLDER_LIST:
            raise ListingIncomplete(f"a page that is not a list of folders ({kind})")
        self.folders, self.user_name = (
            parse_folder_list(response.body),
            parse_user(response.body).name or self.user_name,
        )
        is_found = any(folder.name == self.folder_name for folder in self.folders)
        ids = [str(folder.id) for folder in self.folders]
        has_more = not is_found and any(ident != _UNCATEGORISED for ident in ids)
        return ListingPage(
            entry_count=len(ids),
            counts={"folders": len(ids)},
            next_cursor=str(page_number + 1) if has_more else None,
            entry_ids=ids,
        )


_UNCATEGORISED = "-1"
"""The folder that the site may show on every page of a list, also behind its end."""


@dataclass
class FolderReader:
    """Reads one folder, in the order of its walk. `known_ids` and `pages` are its images and pages from earlier walks.

    `placed` are the ids that got their places with the page read last, in the site's order.
    """

    urls: ImagefapUrls
    user: int
    folder: int
    known_ids: Collection[int] = ()
    pages: int = 0
    is_required: bool = False  # the user asked for this folder
    name: str = ""
    user_name: str = ""
    has_galleries: bool = False
    placed: tuple[int, ...] = ()
    file_names: dict[int, str] = field(default_factory=dict)
    error: str = ""
    _folder_cursor: FolderCursor | None = None

    @property
    def query(self) -> str:
        """The listing's name in the catalogue."""
        return f"folder {self.folder} of user {self.user}"

    def page_url(self, cursor: str | None) -> str:
        """The address of the next page of the walk."""
        return self.urls.folder_url(self.user, self.folder, self._restore_cursor(cursor).walk.page or 0)

    def read_page(self, response: SiteResponse, cursor: str | None) -> ListingPage:
        """Read one page, in the order of the walk. Raises ListingIncomplete."""
        kind, self.placed = kind_of_page(response), ()
        if kind is PageKind.MISSING and cursor is not None:
            raise ListingIncomplete("a page in the middle of the folder is missing", restart=True)
        if kind is PageKind.MISSING or kind is PageKind.GALLERIES_FOLDER:
            return self._page_without_images(kind, is_first=cursor is None)
        if kind is not PageKind.PICTURE_FOLDER:
            raise ListingIncomplete(f"a page that is not a folder of images ({kind})")
        folder = parse_folder_page(response.body)
        self.name, self.user_name = folder.name or self.name, parse_user(response.body).name or self.user_name
        self.file_names.update(folder.file_names)
        self._folder_cursor, self.placed = self._restore_cursor(cursor).after_page(folder.images)
        self.pages = max(self.pages, self._folder_cursor.walk.pages)
        images = tuple(self._discovered_image(image, folder.file_names.get(image)) for image in folder.images)
        return ListingPage(images, entry_count=len(images), next_cursor=self._folder_cursor.to_text())

    def _restore_cursor(self, cursor: str | None) -> FolderCursor:
        """The cursor in memory, which has the ids found so far; after an interruption, the one in the text."""
        if cursor is None or self._folder_cursor is None or self._folder_cursor.to_text() != cursor:
            self._folder_cursor = parse_cursor(cursor, self.known_ids, self.pages)
        return self._folder_cursor

    def _page_without_images(self, kind: PageKind, is_first: bool) -> ListingPage:
        if self.is_required and is_first:
            text = "contains galleries, not images" if kind is PageKind.GALLERIES_FOLDER else "does not exist"
            self.error = f"Folder {self.name or self.folder} of user {self.user_name or self.user} {text}."
        self.has_galleries = kind is PageKind.GALLERIES_FOLDER
        text = "folders of galleries, skipped" if self.has_galleries else "folders no longer there"
        return ListingPage(entry_count=1, counts={text: 1})

    def _discovered_image(self, image: int, name: str | None) -> DiscoveredImage:
        url, metadata = self.urls.photo_url(image), {"name": name} if name else {}
        return DiscoveredImage(str(image), self.urls.host, url=url, page=url, metadata=metadata)
