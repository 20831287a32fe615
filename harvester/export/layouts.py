"""File names of exported images, for formats in which each picture is a separate file."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from harvester.export.options import ExportOptions
from harvester.export.records import AlbumEntry, Record
from harvester.export.rows import caption_from_record
from harvester.parsing.file_names import folder_name

MAX_NAME_BYTES = 255
"""Longest file name in bytes of UTF-8; file systems accept no more."""


@dataclass(frozen=True)
class LayoutFile:
    """A file: its possible names, best first, and its content as `text`, None for the picture."""

    names: tuple[str, ...]
    text: str | None = None


Layout = Callable[[Record, str], Iterator[LayoutFile]]
"""A function from a record and the extension of its picture to its files."""


def choose_layout(options: ExportOptions, tag: str | None) -> Layout:
    """The layout of a format; `tag` is the path of the requested tag, None for all tags."""
    if options.format == "tags":
        return TagsLayout(NumberPrefix(enabled=options.number), tag)
    if options.format == "files":
        return FilesLayout(NumberPrefix(enabled=options.number), every_place=options.dedupe == "all")
    return captions_layout(options) if options.format == "captions" else image_folder_layout(options)


def picture_key(record: Record, options: ExportOptions) -> str:
    """The key of a picture in an export: its sha256, with the image row if the same bytes may occur twice."""
    sha256 = str(record.image.sha256)
    return f"{sha256}-{record.image.id}" if options.dedupe == "all" else sha256


def image_folder_layout(options: ExportOptions) -> Layout:
    """The layout `train/<2 hex>/<key>.<ext>`.

    It uses no names written by people, because data set loaders interpret words such as `test` in names.
    """

    def files(record: Record, ext: str) -> Iterator[LayoutFile]:
        yield LayoutFile((f"train/{record.image.sha256[:2]}/{picture_key(record, options)}.{ext}",))

    return files


def captions_layout(options: ExportOptions) -> Layout:
    """The layout `<key>.<ext>` and, if there is a caption, `<key>.txt`, all in one folder."""

    def files(record: Record, ext: str) -> Iterator[LayoutFile]:
        yield LayoutFile((f"{picture_key(record, options)}.{ext}",))
        if text := caption_from_record(record):
            yield LayoutFile((f"{picture_key(record, options)}.txt",), f"{text}\n")

    return files


class NumberPrefix:
    """Prefixes names with `00001-` and so on, counted by folder."""

    def __init__(self, *, enabled: bool) -> None:
        self._enabled = enabled
        self._counts: Counter[str] = Counter()

    def build_file(self, folder: str, stem: str, sha256: str, ext: str) -> LayoutFile:
        """A picture with this name; if the name is taken, it is prefixed with the first digits of the sha256."""
        prefix = ""
        if self._enabled:
            self._counts[folder] += 1
            prefix = f"{self._counts[folder]:05}-"
        names = (("", stem), (f"{sha256[:10]}-", stem), (f"{sha256}-", stem[:16]))
        return LayoutFile(tuple(f"{folder}/{_fit_name(prefix + start, end, f'.{ext}')}" for start, end in names))


def _fit_name(start: str, stem: str, end: str) -> str:
    """A file name whose stem is shortened so that every file system accepts it."""
    room = MAX_NAME_BYTES - len((start + end).encode())
    fitted = stem if len(stem.encode()) <= room else stem.encode()[:room].decode("utf-8", "ignore").rstrip(" .")
    return f"{start}{fitted}{end}"


class TagsLayout:
    """The layout `<tag>/<child tag>/<name>`, with a file for each tag of a picture, or only for the requested tag."""

    def __init__(self, prefix: NumberPrefix, tag: str | None) -> None:
        self._prefix = prefix
        self._tag = tag

    def __call__(self, record: Record, ext: str) -> Iterator[LayoutFile]:
        """The files of a record; none for a picture without tags."""
        for path in record.tags:
            if self._tag in (None, path):
                folder = "/".join(folder_name(part, "_") for part in path.split("/"))
                yield self._prefix.build_file(folder, _readable_name(record, 0), str(record.image.sha256), ext)


class FilesLayout:
    """The layout `<collection>/<user>/<album>/<name>` for pictures in albums, else `<collection>/<output file>`."""

    def __init__(self, prefix: NumberPrefix, *, every_place: bool) -> None:
        self._prefix = prefix
        self._every_place = every_place

    def __call__(self, record: Record, ext: str) -> Iterator[LayoutFile]:
        """The files of a record: one for each placement, or only for the first."""
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
    """The file name at a placement, without extension."""
    entry = record.album_entries[index] if record.album_entries else AlbumEntry("", "", 0, "")
    own_name = record.names[0].rpartition("/")[2] if record.names else ""
    return folder_name(
        _without_extension(entry.name) or own_name, str(record.image.key if record.image.url else record.image.id)
    )


def _without_extension(name: str) -> str:
    start, dot, end = name.rpartition(".")
    return start if dot and start and len(end) <= 5 else name
