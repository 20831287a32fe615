"""Which files an image becomes where each picture is a file of its own, and what they are called."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from harvester.export.sets.records import Place, Record
from harvester.export.sets.rows import caption
from harvester.export.sets.wish import Wish
from harvester.sites.naming import folder_name

LONGEST = 255
"""Bytes of UTF-8 in a file's name; the most a file system takes."""


@dataclass(frozen=True)
class File:
    """The names it may have, the best first; `text` is its content, None for the picture."""

    names: tuple[str, ...]
    text: str | None = None


Layout = Callable[[Record, str], Iterator[File]]
"""From an image and the extension of its picture to its files."""


def layout_of(wish: Wish, tag: str | None) -> Layout:
    """That of a format; `tag` is the path of the tag that was asked for, None for all."""
    if wish.format == "tags":
        return Tags(Numbers(on=wish.number), tag)
    if wish.format == "files":
        return Files(Numbers(on=wish.number), every_place=wish.dedupe == "all")
    return captions(wish) if wish.format == "captions" else image_folder(wish)


def key(record: Record, wish: Wish) -> str:
    """The name of a picture among all of an export; where bytes may come twice, with the row of the image."""
    sha256 = str(record.image.sha256)
    return f"{sha256}-{record.image.id}" if wish.dedupe == "all" else sha256


def image_folder(wish: Wish) -> Layout:
    """`train/<2 hex>/<key>.<ext>`: no name a person wrote, as loaders read words such as `test` in names."""

    def files(record: Record, ext: str) -> Iterator[File]:
        yield File((f"train/{record.image.sha256[:2]}/{key(record, wish)}.{ext}",))

    return files


def captions(wish: Wish) -> Layout:
    """`<key>.<ext>` and, where there is a caption, `<key>.txt`, all in one folder."""

    def files(record: Record, ext: str) -> Iterator[File]:
        yield File((f"{key(record, wish)}.{ext}",))
        if text := caption(record):
            yield File((f"{key(record, wish)}.txt",), f"{text}\n")

    return files


class Numbers:
    """Puts `00001-` and so on before names, counting by folder."""

    def __init__(self, *, on: bool) -> None:
        self._on = on
        self._given: Counter[str] = Counter()

    def file(self, folder: str, stem: str, sha256: str, ext: str) -> File:
        """A picture of that name; where the name is taken, the first digits of its sha256 come before it."""
        number = ""
        if self._on:
            self._given[folder] += 1
            number = f"{self._given[folder]:05}-"
        names = (("", stem), (f"{sha256[:10]}-", stem), (f"{sha256}-", stem[:16]))
        return File(tuple(f"{folder}/{_fitting(number + start, end, f'.{ext}')}" for start, end in names))


def _fitting(start: str, stem: str, end: str) -> str:
    """A file's name, its stem cut so that every file system takes it."""
    room = LONGEST - len((start + end).encode())
    kept = stem if len(stem.encode()) <= room else stem.encode()[:room].decode("utf-8", "ignore").rstrip(" .")
    return f"{start}{kept}{end}"


class Tags:
    """`<tag>/<tag below it>/<name>`, once for each tag of a picture; of one tag only, where that was asked for."""

    def __init__(self, numbers: Numbers, tag: str | None) -> None:
        self._numbers = numbers
        self._tag = tag

    def __call__(self, record: Record, ext: str) -> Iterator[File]:
        """Nothing for a picture without tags."""
        for path in record.tags:
            if self._tag in (None, path):
                folder = "/".join(folder_name(part, "_") for part in path.split("/"))
                yield self._numbers.file(folder, _human(record, 0), str(record.image.sha256), ext)


class Files:
    """`<collection>/<owner>/<album>/<name>` for pictures in albums, `<collection>/<its name there>` for the others."""

    def __init__(self, numbers: Numbers, *, every_place: bool) -> None:
        self._numbers = numbers
        self._every_place = every_place

    def __call__(self, record: Record, ext: str) -> Iterator[File]:
        """One for each place, or for the first only."""
        top = folder_name(PurePosixPath(record.image.directory).name, record.image.site)
        spots = list(self._spots(record))
        for folders, stem in spots if self._every_place else spots[:1]:
            yield self._numbers.file("/".join((top, *folders)), stem, str(record.image.sha256), ext)

    @staticmethod
    def _spots(record: Record) -> Iterator[tuple[tuple[str, ...], str]]:
        for number, place in enumerate(record.places):
            yield (folder_name(place.owner, "_"), folder_name(place.album, "_")), _human(record, number)
        if not record.places:
            for name in record.names or [str(record.image.id)]:
                *folders, stem = name.split("/")
                yield tuple(folder_name(folder, "_") for folder in folders), folder_name(stem, str(record.image.id))


def _human(record: Record, number: int) -> str:
    """The file's name at a place, without its extension."""
    place = record.places[number] if record.places else Place("", "", 0, "")
    own = record.names[0].rpartition("/")[2] if record.names else ""
    return folder_name(_stem(place.name) or own, str(record.image.key if record.image.url else record.image.id))


def _stem(name: str) -> str:
    start, dot, end = name.rpartition(".")
    return start if dot and start and len(end) <= 5 else name
