"""What the pages of favourites give: the list of folders, and one folder. Pure; the spider asks and records."""

from collections.abc import Collection
from dataclasses import dataclass, field

from harvester.errors import Cut
from harvester.items import Page, Promise
from harvester.sites.imagefap.addresses import Addresses
from harvester.sites.imagefap.classify import Kind, kind_of
from harvester.sites.imagefap.cursors import Reading, reading
from harvester.sites.imagefap.folders import Folder, folder_list, folder_page, named, user
from harvester.sites.pages import Answer


@dataclass
class FolderList:
    """The list of a user's folders, page by page up to an empty one, or up to the folder that is `sought`."""

    addresses: Addresses
    user: int
    sought: str | None = None
    user_name: str = ""
    folders: tuple[Folder, ...] = ()
    """Those on the page that was read last."""
    found: Folder | None = None
    complaint: str = ""
    """What is wrong with what was asked for, as a sentence."""

    @property
    def query(self) -> str:
        """How the catalogue calls it; a search is no list of everything."""
        return f"folders of user {self.user}" + (f", for {self.sought}" if self.sought else "")

    def address(self, cursor: str | None) -> str:
        """The page at a cursor, which is its number."""
        return self.addresses.folders(self.user, int(cursor or 0))

    def read(self, answer: Answer, cursor: str | None) -> Page:
        """One page. Raises Cut."""
        kind, number = kind_of(answer), int(cursor or 0)
        if kind is Kind.MISSING and number == 0:
            self.complaint = f"The site knows no user {self.user}."
            return Page()
        if kind is not Kind.FOLDER_LIST:
            raise Cut(f"a page that is no list of folders ({kind})")
        self.folders, self.user_name = folder_list(answer.body), user(answer.body).name or self.user_name
        self.found = named(self.folders, self.sought) if self.sought else None
        more = bool(self.folders) and self.found is None and number < _LISTS
        counts = {"folders": len(self.folders)}
        return Page(items=len(self.folders), counts=counts, next=str(number + 1) if more else None)


_LISTS = 1000
"""Pages; a server that never ends is not followed further."""


@dataclass
class FolderPages:
    """One folder, walked as `walk` says. `known` are its images and `pages` its pages, as far as they are remembered.

    `placed` are the ids that have found their place with the page read last, in the site's order.
    """

    addresses: Addresses
    user: int
    folder: int
    known: Collection[int] = ()
    pages: int = 0
    must_be_there: bool = False  # somebody asked for just this folder
    name: str = ""
    user_name: str = ""
    has_galleries: bool = False
    placed: tuple[int, ...] = ()
    file_names: dict[int, str] = field(default_factory=dict)
    complaint: str = ""
    _reading: Reading | None = None

    @property
    def query(self) -> str:
        """How the catalogue calls it."""
        return f"folder {self.folder} of user {self.user}"

    def address(self, cursor: str | None) -> str:
        """The page that the walk wants."""
        return self.addresses.folder(self.user, self.folder, self._at(cursor).walk.page or 0)

    def read(self, answer: Answer, cursor: str | None) -> Page:
        """One page, in the order of the walk. Raises Cut."""
        kind, self.placed = kind_of(answer), ()
        if kind is Kind.MISSING or kind is Kind.GALLERIES_FOLDER:
            return self._nothing(kind, first=cursor is None)
        if kind is not Kind.PICTURE_FOLDER:
            raise Cut(f"a page that is no folder of pictures ({kind})")
        found = folder_page(answer.body)
        self.name, self.user_name = found.name or self.name, user(answer.body).name or self.user_name
        self.file_names.update(found.names)
        self._reading, self.placed = self._at(cursor).see(found.images)
        self.pages = max(self.pages, self._reading.walk.pages)
        promises = tuple(self._promise(image, found.names.get(image)) for image in found.images)
        return Page(promises, items=len(promises), next=self._reading.text())

    def _at(self, cursor: str | None) -> Reading:
        """The reading in memory knows which ids it has met; one that was stopped has to do without."""
        if cursor is None or self._reading is None or self._reading.text() != cursor:
            self._reading = reading(cursor, self.known, self.pages)
        return self._reading

    def _nothing(self, kind: Kind, first: bool) -> Page:
        if self.must_be_there and first:
            what = "is one of galleries, not of pictures" if kind is Kind.GALLERIES_FOLDER else "is not there"
            self.complaint = f"Folder {self.name or self.folder} of user {self.user_name or self.user} {what}."
        self.has_galleries = kind is Kind.GALLERIES_FOLDER
        what = "folders of galleries, left alone" if self.has_galleries else "folders no longer there"
        return Page(items=1, counts={what: 1})

    def _promise(self, image: int, name: str | None) -> Promise:
        address, told = self.addresses.photo(image), {"name": name} if name else {}
        return Promise(str(image), self.addresses.host, url=address, page=address, metadata=told)
