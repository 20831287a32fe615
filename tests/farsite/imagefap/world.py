"""Who and what there is on farsite's imagefap. Everything is invented; bytes are `pictures.numbered(body)`, 64 × 64."""

from dataclasses import dataclass, field

SIZE = (64, 64)
UNLISTED_ONCE = "unlisted-once"
MISSING_IMAGE_FAULTS = (
    "gone-404",
    "gone-redirect",
    "gone-words",
    "gone-title",
    "gone-start",
    "gone-flagged",
)
"""Every way a photo page says that its image is no longer there."""
EMPTY_STRIP = "empty-strip"
"""A photo page whose strip is there and shows nothing; whether the image is gone, the page does not say."""
FILE_FAULTS = ("file-404", "file-short", "file-html", "file-thumbnail")
"""Every way the file host answers with something else than the picture."""


@dataclass(frozen=True)
class Photo:
    """An image; `body` numbers its bytes, `fault` is one of MISSING_IMAGE_FAULTS or FILE_FAULTS, UNLISTED_ONCE,
    EMPTY_STRIP, "old-markup".
    """

    id: int
    name: str
    gallery: int
    body: int
    fault: str = ""
    uploader: str = "bob"


@dataclass(frozen=True)
class Folder:
    """A favourite folder: the ids on each of its pages, or the galleries in it."""

    id: int
    name: str
    pages: tuple[tuple[int, ...], ...] = ()
    galleries: tuple[int, ...] = ()

    @property
    def images(self) -> list[int]:
        """All ids in order."""
        return [image for page in self.pages for image in page]


@dataclass(frozen=True)
class User:
    """A user; `lists` holds the folders on each page of the list."""

    id: int
    name: str
    lists: tuple[tuple[Folder, ...], ...]

    @property
    def folders(self) -> dict[int, Folder]:
        """Every folder by its number."""
        return {folder.id: folder for page in self.lists for folder in page}


@dataclass
class World:
    """Everything: users by number, photos by number, galleries as lists of photo numbers."""

    users: dict[int, User] = field(default_factory=dict)
    photos: dict[int, Photo] = field(default_factory=dict)
    galleries: dict[int, list[int]] = field(default_factory=dict)

    def add_photo(self, number: int, name: str, gallery: int, fault: str = "", body: int | None = None) -> int:
        """Add an image; by default its bytes are its own."""
        self.photos[number] = Photo(number, name, gallery, number if body is None else body, fault)
        self.galleries.setdefault(gallery, []).append(number)
        return number


def make_world() -> World:
    """alice: five folders on two pages of the list. carol: troubles. dave: a long folder. erin: three full folders.
    mallory: names that mean harm. frank: folders whose names differ in capitals only. gina: nothing.
    """
    world = World()
    world.users[1001] = _alice(world)
    world.users[1003] = _carol(world)
    world.users[1004] = _dave(world)
    world.users[1005] = _erin(world)
    world.users[1006] = _mallory(world)
    world.users[1007] = _frank(world)
    world.users[1008] = User(1008, "gina", ())
    return world


def _alice(world: World) -> User:
    lake = [world.add_photo(196290000 + n, f"lake dawn {n:02}.jpg", 7001) for n in range(26)]
    pier = world.add_photo(305551212, "pier & gulls.jpeg", 7100)
    mill = world.add_photo(765304600, "old/mill.png", 7101)
    plain = world.add_photo(658192360, "no extension", 7102)
    world.add_photo(277847563, "lake dawn 02.jpg", 7103)  # other bytes under a name that is taken
    world.add_photo(277847564, "same again.jpg", 7103, body=305551212)  # the bytes of the pier under another id
    world.add_photo(449563388, "an " + "unusually " * 30 + "long name.gif", 7104)
    landscapes = ((lake[2], pier, mill, plain), (lake[5], lake[7], 449563388), (), (lake[9],))
    posters = ((305551212, 277847563), (277847564,))
    return User(
        1001,
        "alice",
        (
            (
                Folder(501, "Landscapes", landscapes),
                Folder(502, "Rock & Roll Posters", posters),
                Folder(503, "Saved Sets", galleries=(7001, 7100)),
            ),
            (Folder(504, "Lighthouses", ((lake[25],),)), Folder(-1, "Uncategorized", ((mill,),))),
        ),
    )


def _carol(world: World) -> User:
    missing = [
        world.add_photo(400000000 + n, f"gone {n}.jpg", 7200 + n, word) for n, word in enumerate(MISSING_IMAGE_FAULTS)
    ]
    bad = [world.add_photo(410000000 + n, f"bad {n}.jpg", 7300 + n, word) for n, word in enumerate(FILE_FAULTS)]
    late_image = world.add_photo(420000000, "late.jpg", 7400, UNLISTED_ONCE)
    world.add_photo(420000001, "beside late.jpg", 7400)
    old = world.add_photo(420000002, "old markup.jpg", 7401, "old-markup")
    empty = world.add_photo(420000003, "empty.jpg", 7402, EMPTY_STRIP)
    odd = (*bad, late_image, old, empty)
    return User(1003, "carol", ((Folder(701, "Gone", (tuple(missing),)), Folder(702, "Odd", (odd,))),))


def _dave(world: World) -> User:
    pages = tuple(
        tuple(world.add_photo(500000000 + 4 * page + n, f"hill {page} {n}.jpg", 7500 + page) for n in range(4))
        for page in range(8)
    )
    return User(1004, "Dave Of The Hills", ((Folder(801, "Hills", pages),),))


def _erin(world: World) -> User:
    folders = []
    for number, name in ((901, "Rivers"), (902, "Bridges"), (903, "Boats")):
        images = [world.add_photo(number * 1_000_000 + n, f"{name} {n}.jpg", number * 10 + n // 20) for n in range(40)]
        folders.append(Folder(number, name, tuple(tuple(images[at : at + 16]) for at in range(0, 40, 16))))
    return User(1005, "erin", (tuple(folders[:2]), tuple(folders[2:])))


def _frank(world: World) -> User:
    names = ("Dominique", "HARBOUR", "dominique", "Harbour")
    folders = [
        Folder(1101 + n, name, ((world.add_photo(610000000 + n, f"{name}.jpg", 7700 + n),),))
        for n, name in enumerate(names)
    ]
    return User(1007, "frank", (tuple(folders[:2]), tuple(folders[2:])))


HOSTILE_NAMES = (
    "Mill.jpg", "mill.jpg", "MILL.JPG", "stra\u00dfe.jpg", "STRASSE.jpg", "caf\u00e9.jpg", "cafe\u0301.jpg",
    "CAFE\u0301.jpg",
    ".bashrc.jpg", "-rf.jpg", "../../../etc/passwd.jpg", "~root.jpg", "con.jpg", "NUL .txt.jpg", "Lpt1.jpg",
    "annual\u202egpj.exe", "a\u2066b\u2069.jpg", "\u753b" * 200 + ".jpg", "\U0001f600" * 90 + ".jpg", "bell\x07.jpg",
    "....jpg",
    "trailing. . .jpg", "$(reboot).jpg", "%2e%2e%2f.jpg",
)  # fmt: skip
"""What an uploader may call pictures, each of them another one."""


def _mallory(world: World) -> User:
    images = tuple(world.add_photo(600000000 + n, name, 7600 + n) for n, name in enumerate(HOSTILE_NAMES))
    return User(1006, "mallory", ((Folder(1001, "Traps", (images[:12], images[12:])),),))
