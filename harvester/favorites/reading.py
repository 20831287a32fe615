"""From the file `imagefap.database` to records; every layout the old tool wrote, nothing else. Changes nothing.

The layouts: the one its README describes, version 1 (January to March 2023) and version 2 (to August 2023).
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from harvester.errors import BadInput
from harvester.favorites import shapes
from harvester.favorites.pickled import read
from harvester.favorites.records import Blob, Failure, Folder, OldBase, Place, Tag, User

FILE = "imagefap.database"
VERDICTS = ("new", "false", "keep", "skip")

_LARGEST = 4 * 2**30  # bytes; the old tool loads its database whole as well
_DEEPEST = 64  # levels of tags
_ENCRYPTED = b"gAAAA"  # how every Fernet token begins
_TABLES = "users favorites tags blobs image_ids_index"
_OTHERS = "configs duplicates_registry duplicates_key_index duplicates_index"
_HASHES = {"percept": "phash", "diff": "dhash", "average": "average", "wavelet": "whash"}


def database(path: Path) -> Path:
    """The database a path means: the file itself, or the one in that folder. Raises BadInput."""
    file = path / FILE if path.is_dir() else path
    if not file.is_file():
        raise BadInput(f"{file}: there is no such file.")
    return file


def old_base(file: Path) -> OldBase:
    """Everything in a database of the old tool. Raises BadInput, one sentence about the first thing that is unknown."""
    try:
        if file.stat().st_size > _LARGEST:
            raise BadInput(f"{file}: larger than 4 GiB.")
        data = file.read_bytes()
    except OSError as error:
        raise BadInput(f"{file}: cannot be read ({error.strerror}).") from error
    if data.startswith(_ENCRYPTED):
        raise BadInput(f"{file}: protected by a password; save it without one in the old tool first.")
    return _base(shapes.record(read(data, str(file)), str(file), _TABLES, _OTHERS), str(file))


def _base(content: dict[str, Any], file: str) -> OldBase:
    tags = tuple(_tags(content["tags"], f"{file}: tags", None, 0))
    known = {tag.id for tag in tags}
    if len(known) < len(tags):
        raise BadInput(f"{file}: tags: two tags have one number.")
    for image, sha in shapes.table(content["image_ids_index"], f"{file}: image_ids_index").items():
        shapes.identity(image, f"{file}: image_ids_index")
        shapes.sha256(sha, f"{file}: image_ids_index: image {image}")
    return OldBase(
        users=tuple(_users(content["users"], f"{file}: users")),
        folders=tuple(_folders(content["favorites"], f"{file}: favorites")),
        blobs=tuple(_blobs(content["blobs"], f"{file}: blobs", known)),
        tags=tags,
        groups=tuple(_groups(content, file)),
    )


def _users(users: Any, where: str) -> Iterator[User]:
    for number, user in shapes.table(users, where).items():
        here = f"{where}: {shapes.shown(number)}"
        told = {"name": user} if isinstance(user, str) else user  # a mere name is the layout of the README
        found = shapes.record(told, here, "name", "date_albums date_finished date_audit")
        yield User(
            shapes.identity(number, here),
            shapes.words(found["name"], f"{here}: name"),
            shapes.moment(found.get("date_albums", 0), f"{here}: date_albums"),
            shapes.moment(found.get("date_finished", 0), f"{here}: date_finished"),
        )


def _folders(favourites: Any, where: str) -> Iterator[Folder]:
    for user, folders in shapes.table(favourites, where).items():
        owner = shapes.identity(user, where)
        for number, folder in shapes.table(folders, f"{where}: user {owner}").items():
            here = f"{where}: user {owner}: folder {shapes.shown(number)}"
            yield _folder(owner, shapes.identity(number, here), folder, here)


def _folder(user: int, number: int, folder: Any, here: str) -> Folder:
    found = shapes.record(folder, here, "name pages images", "date_straight date_blobs failed_images")
    dates = [shapes.moment(found.get(name, 0), f"{here}: {name}") for name in ("date_straight", "date_blobs")]
    images = [shapes.identity(image, f"{here}: images") for image in shapes.several(found["images"], f"{here}: images")]
    failures = shapes.several(found.get("failed_images", ()), f"{here}: failed_images")
    return Folder(
        user=user,
        id=number,
        name=shapes.words(found["name"], f"{here}: name"),
        pages=shapes.small(found["pages"], f"{here}: pages"),
        read_at=max(filter(None, dates), default=None),
        finished_at=dates[1],
        images=tuple(dict.fromkeys(images)),
        failed=tuple(sorted((_failure(one, f"{here}: failed_images") for one in failures), key=_by_time)),
    )


def _failure(failure: Any, where: str) -> Failure:
    image, at, name, _url = shapes.parts(failure, where, 4)
    return Failure(
        shapes.identity(image, where), shapes.moment(at, where), "" if name is None else shapes.words(name, where)
    )


def _by_time(failure: Failure) -> tuple[int, int]:
    return failure.at or 0, failure.image


def _tags(tags: Any, where: str, parent: int | None, depth: int) -> Iterator[Tag]:
    if depth > _DEEPEST:
        raise BadInput(f"{where}: more than {_DEEPEST} levels.")
    for number, tag in shapes.table({} if tags is None else tags, where).items():
        here = f"{where}: {shapes.shown(number)}"
        found = shapes.record(tag, here, "name", "tags")
        row = Tag(shapes.small(number, here, 1), shapes.words(found["name"], f"{here}: name"), parent)
        yield row
        yield from _tags(found.get("tags"), where, row.id, depth + 1)


def _blobs(blobs: Any, where: str, tags: set[int]) -> Iterator[Blob]:
    for sha, blob in shapes.table(blobs, where).items():
        yield _blob(shapes.sha256(sha, where), blob, f"{where}: {sha}", tags)


def _blob(sha: str, blob: Any, here: str, tags: set[int]) -> Blob:
    found = shapes.record(
        blob, here, "loc tags sz ext", "sz_thumb percept average diff wavelet cnn width height animated date gone"
    )
    attached = [shapes.small(tag, f"{here}: tags", 1) for tag in shapes.several(found["tags"], f"{here}: tags")]
    if unknown := set(attached) - tags:
        raise BadInput(f"{here}: has the tag {min(unknown)}, which the tags do not list.")
    sides = (found.get(side) for side in ("width", "height"))
    width, height = (None if side is None else shapes.small(side, f"{here}: size", 1) for side in sides)
    return Blob(
        sha256=sha,
        ext=shapes.extension(found["ext"], f"{here}: ext"),
        bytes=shapes.number(found["sz"], f"{here}: sz"),
        width=width,
        height=height,
        hashes={
            ours: shapes.fingerprint(found[theirs], f"{here}: {theirs}")
            for theirs, ours in _HASHES.items()
            if found.get(theirs) is not None
        },
        tags=frozenset(attached),
        places=tuple(sorted(_places(found["loc"], f"{here}: loc"), key=lambda place: (place.image, place.folder))),
        gone=dict(_gone(found.get("gone", {}), f"{here}: gone")),
    )


def _places(places: Any, where: str) -> Iterator[Place]:
    if not isinstance(places, dict):  # version 1
        for place in shapes.several(places, where):
            image, _url, file, user, folder = shapes.parts(place, where, 5)
            yield _place(where, image, user, folder, file, "new")
        return
    for place, said in places.items():
        user, folder, image = shapes.parts(place, where, 3)
        file, verdict = shapes.parts(said, where, 2)
        yield _place(where, image, user, folder, file, verdict)


def _place(where: str, image: Any, user: Any, folder: Any, file: Any, verdict: Any) -> Place:
    return Place(
        image=shapes.identity(image, where),
        user=shapes.identity(user, where),
        folder=shapes.identity(folder, where),
        file=shapes.words(file, where),
        verdict=shapes.one_of(verdict, where, VERDICTS),
    )


def _gone(gone: Any, where: str) -> Iterator[tuple[int, int | None]]:
    for image, said in shapes.table(gone, where).items():
        at, _level, _url = shapes.parts(said, where, 3)
        yield shapes.identity(image, where), shapes.moment(at, where)


def _groups(content: dict[str, Any], file: str) -> Iterator[dict[str, str]]:
    name = "duplicates_registry" if "duplicates_registry" in content else "duplicates_index"
    if name not in content:
        raise BadInput(f"{file}: there is no 'duplicates_registry'.")
    where = f"{file}: {name}"
    for members, group in shapes.table(content[name], where).items():
        verdicts = group
        if name == "duplicates_registry":
            verdicts = shapes.record(group, where, "verdicts", "sources")["verdicts"]
        yield {
            shapes.sha256(sha, where): shapes.one_of(verdict, where, VERDICTS)
            for sha, verdict in shapes.table(verdicts, where).items()
        }
        if set(shapes.several(members, where)) != set(verdicts):
            raise BadInput(f"{where}: a group has verdicts on other pictures than its members.")
