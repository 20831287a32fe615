"""Which files an image becomes where each picture is a file of its own, and what they are called."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from harvester.export.options import ExportOptions
from harvester.export.records import AlbumEntry, Record
from harvester.export.rows import caption_from_record
from harvester.parsing.file_names import folder_name

MAX_NAME_BYTES = 255
"""Bytes of UTF-8 in a file's name; the most a file system takes."""


@dataclass(frozen=True)
class LayoutFile:
    """The names it may have, the best first; `text` is its content, None for the picture."""

    names: tuple[str, ...]
    text: str | None = None


Layout = Callable[[Record, str], Iterator[LayoutFile]]
"""From an image and the extension of its picture to its files."""


def choose_layout(options: ExportOptions, tag: str | None) -> Layout:
    """That of a format; `tag` is the path of the tag that was asked for, None for all."""
    if options.format == "tags":
        return TagsLayout(NumberPrefix(enabled=options.number), tag)
    if options.format == "files":
        return FilesLayout(NumberPrefix(enabled=options.number), every_place=options.dedupe == "all")
    return captions_layout(options) if options.format == "captions" else image_folder_layout(options)


def picture_key(record: Record, options: ExportOptions) -> str:
    """The name of a picture among all of an export; where bytes may come twice, with the row of the image."""
    sha256 = str(record.image.sha256)
    return f"{sha256}-{record.image.id}" if options.dedupe == "all" else sha256


def image_folder_layout(options: ExportOptions) -> Layout:
    """`train/<2 hex>/<key>.<ext>`: no name a person wrote, as loaders read words such as `test` in names."""

    def files(record: Record, ext: str) -> Iterator[LayoutFile]:
        yield LayoutFile((f"train/{record.image.sha256[:2]}/{picture_key(record, options)}.{ext}",))

    return files


def captions_layout(options: ExportOptions) -> Layout:
    """`<key>.<ext>` and, where there is a caption, `<key>.txt`, all in one folder."""

    def files(record: Record, ext: str) -> Iterator[LayoutFile]:
        yield LayoutFile((f"{picture_key(record, options)}.{ext}",))
        if text := caption_from_record(record):
            yield LayoutFile((f"{picture_key(record, options)}.txt",), f"{text}\n")

    return files


class NumberPrefix:
    """Puts `00001-` and so on before names, counting by folder."""

    def __init__(self, *, enabled: bool) -> None:
        self._enabled = enabled
        self._counts: Counter[str] = Counter()

    def build_file(self, folder: str, stem: str, sha256: str, ext: str) -> LayoutFile:
        """A picture of that name; where the name is taken, the first digits of its sha256 come before it."""
        prefix = ""
        if self._enabled:
            self._counts[folder] += 1
            prefix = f"{self._counts[folder]:05}-"
        names = (("", stem), (f"{sha256[:10]}-", stem), (f"{sha256}-", stem[:16]))
        return LayoutFile(tuple(f"{folder}/{_fit_name(prefix + start, end, f'.{ext}')}" for start, end in names))


def _fit_name(start: str, stem: str, end: str) -> str:
    """A file's name, its stem cut so that every file system takes it."""
    room = MAX_NAME_BYTES - len((start + end).encode())
    fitted = stem if len(stem.encode()) <= room else stem.encode()[:room].decode("utf-8", "ignore").rstrip(" .")
    return f"{start}{fitted}{end}"


class TagsLayout:
    """`<tag>/<tag below it>/<name>`, once for each tag of a picture; of one tag only, where that was asked for."""

    def __init__(self, prefix: NumberPrefix, tag: str | None) -> None:
        self._prefix = prefix
        self._tag = tag

    def __call__(self, record: Record, ext: str) -> Iterator[LayoutFile]:
        """Nothing for a picture without tags."""
        for path in record.tags:
            if self._tag in (None, path):
                folder = "/".join(folder_name(part, "_") for part in path.split("/"))
                yield self._prefix.build_file(folder, _readable_name(record, 0), str(record.image.sha256), ext)


class FilesLayout:
    """`<collection>/<owner>/<album>/<name>` for pictures in albums, `<collection>/<its name there>` for the others."""

    def __init__(self, prefix: NumberPrefix, *, every_place: bool) -> None:
        self._prefix = prefix
        self._every_place = every_place

    def __call__(self, record: Record, ext: str) -> Iterator[LayoutFile]:
        """One for each place, or for the first only."""
        collection_folder = folder_name(PurePosixPath(record.image.directory).name, record.image.site)
        placements = list(self._placements(record))
        for folders, stem in placements if self._every_place else placements[:1]:
            yield self._prefix.build_file("/".join((collection_folder, *folders)), stem, str(record.image.sha256), ext)

    @staticmethod
    def _placements(record: Record) -> Iterator[tuple[tuple[str, ...], str]]:
        for index, entry in enumerate(record.album_entries):
            yield (folder_name(entry.owner, "_"), folder_name(entry.album, "_")), _readable_name(record, index)
        if not record.album_entries:
            for name in record.names or [str(record.image.id)]:
                *folders, stem = name.split("/")
                yield tuple(folder_name(folder, "_") for folder in folders), folder_name(stem, str(record.image.id))


def _readable_name(record: Record, index: int) -> str:
    """The file's name at a place, without its extension."""
    entry = record.album_entries[index] if record.album_entries else AlbumEntry("", "", 0, "")
    own_name = record.names[0].rpartition("/")[2] if record.names else ""
    return folder_name(
        _without_extension(entry.name) or own_name, str(record.image.key if record.image.url else record.image.id)
    )


def _without_extension(name: str) -> str:
    start, dot, end = name.rpartition(".")
    return start if dot and start and len(end) <= 5 else name
