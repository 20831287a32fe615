"""Reader for the file `imagefap.database` of imagefap-favorites.

It accepts every layout that the old tool wrote and nothing else: the one that its README describes, version 1 (January
to March 2023) and version 2 (to August 2023). The file is not changed.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from harvester.errors import UsageProblem
from harvester.spiders.imagefap.old_database import checks
from harvester.spiders.imagefap.old_database.pickle_reader import read_pickle
from harvester.spiders.imagefap.old_database.records import (
    FailedImage,
    OldBlob,
    OldDatabase,
    OldFolder,
    OldPlacement,
    OldTag,
    OldUser,
)

DATABASE_FILE = "imagefap.database"
VERDICTS = ("new", "false", "keep", "skip")

_MAX_FILE_BYTES = 4 * 2**30  # bytes; the old tool, too, loads its whole database
_MAX_TAG_DEPTH = 64  # levels of nested tags
_FERNET_PREFIX = b"gAAAA"  # the start of every Fernet token
_REQUIRED_TABLES = "users favorites tags blobs image_ids_index"
_READ_TABLES = "users favorites tags blobs image_ids_index duplicates_registry duplicates_index"
_OPTIONAL_TABLES = "configs duplicates_registry duplicates_key_index duplicates_index"
_HASH_NAMES = {"percept": "phash", "diff": "dhash", "average": "average", "wavelet": "whash"}


def find_database(path: Path) -> Path:
    """The database at a path: the file itself, or the one in that folder. Raises UsageProblem if there is none."""
    file = path / DATABASE_FILE if path.is_dir() else path
    if not file.is_file():
        raise UsageProblem(f"{file}: there is no such file.")
    return file


def read_old_database(file: Path) -> OldDatabase:
    """Read a database of the old tool. Raises UsageProblem about the first value that is unknown or wrong."""
    try:
        if file.stat().st_size > _MAX_FILE_BYTES:
            raise UsageProblem(f"{file}: larger than 4 GiB.")
        data = file.read_bytes()
    except OSError as error:
        raise UsageProblem(f"{file}: cannot be read ({error.strerror}).") from error
    if data.startswith(_FERNET_PREFIX):
        raise UsageProblem(f"{file}: protected by a password; save it without one in the old tool first.")
    content = checks.check_record(read_pickle(data, str(file)), str(file), _REQUIRED_TABLES, _OPTIONAL_TABLES)
    if _is_larger(content, len(data)):
        raise UsageProblem(f"{file}: it repeats its own data again and again.")
    return _parse_database(content, str(file))


def _is_larger(content: dict[str, Any], file_bytes: int) -> bool:
    """Whether the tables hold more values than the file has bytes, if shared values are counted each time.

    Then reading them might never end: two tags, each with the same two tags below it, and so on, are 2 ** 60 tags.
    """
    level = [content.get(name) for name in _READ_TABLES.split()]
    count = 0
    for _ in range(2 * _MAX_TAG_DEPTH + 1):
        containers = [
            value.values() if isinstance(value, dict) else value
            for value in level
            if isinstance(value, (dict, list, tuple, set, frozenset))
        ]
        count += sum(map(len, containers))
        if count > file_bytes:
            return True
        level = [value for container in containers for value in container]
    return False


def _parse_database(content: dict[str, Any], file: str) -> OldDatabase:
    tags = tuple(_parse_tags(content["tags"], f"{file}: tags", None, 0))
    tag_ids = {tag.id for tag in tags}
    if len(tag_ids) < len(tags):
        raise UsageProblem(f"{file}: tags: two tags have the same number.")
    for image, sha in checks.check_dict(content["image_ids_index"], f"{file}: image_ids_index").items():
        checks.check_id(image, f"{file}: image_ids_index")
        checks.check_sha256(sha, f"{file}: image_ids_index: image {image}")
    return OldDatabase(
        users=tuple(_parse_users(content["users"], f"{file}: users")),
        folders=tuple(_parse_folders(content["favorites"], f"{file}: favorites")),
        blobs=tuple(_parse_blobs(content["blobs"], f"{file}: blobs", tag_ids)),
        tags=tags,
        groups=tuple(_parse_groups(content, file)),
    )


def _parse_users(users: Any, where: str) -> Iterator[OldUser]:
    for number, user in checks.check_dict(users, where).items():
        here = f"{where}: {checks.describe_value(number)}"
        values = {"name": user} if isinstance(user, str) else user  # only a name: the layout of the README
        fields = checks.check_record(values, here, "name", "date_albums date_finished date_audit")
        yield OldUser(
            checks.check_id(number, here),
            checks.check_text(fields["name"], f"{here}: name"),
            checks.check_time(fields.get("date_albums", 0), f"{here}: date_albums"),
            checks.check_time(fields.get("date_finished", 0), f"{here}: date_finished"),
        )


def _parse_folders(favourites: Any, where: str) -> Iterator[OldFolder]:
    for user, folders in checks.check_dict(favourites, where).items():
        owner = checks.check_id(user, where)
        for number, folder in checks.check_dict(folders, f"{where}: user {owner}").items():
            here = f"{where}: user {owner}: folder {checks.describe_value(number)}"
            yield _parse_folder(owner, checks.check_id(number, here), folder, here)


def _parse_folder(user: int, number: int, folder: Any, here: str) -> OldFolder:
    fields = checks.check_record(folder, here, "name pages images", "date_straight date_blobs failed_images")
    dates = [checks.check_time(fields.get(name, 0), f"{here}: {name}") for name in ("date_straight", "date_blobs")]
    images = [
        checks.check_id(image, f"{here}: images") for image in checks.check_list(fields["images"], f"{here}: images")
    ]
    failures = checks.check_list(fields.get("failed_images", ()), f"{here}: failed_images")
    return OldFolder(
        user=user,
        id=number,
        name=checks.check_text(fields["name"], f"{here}: name"),
        pages=checks.check_small_integer(fields["pages"], f"{here}: pages"),
        read_at=max(filter(None, dates), default=None),
        finished_at=dates[1],
        images=tuple(dict.fromkeys(images)),
        failed=tuple(
            sorted((_parse_failure(failure, f"{here}: failed_images") for failure in failures), key=_failure_order)
        ),
    )


def _parse_failure(failure: Any, where: str) -> FailedImage:
    image, failed_at, name, _url = checks.check_tuple(failure, where, 4)
    return FailedImage(
        checks.check_id(image, where),
        checks.check_time(failed_at, where),
        "" if name is None else checks.check_text(name, where),
    )


def _failure_order(failure: FailedImage) -> tuple[int, int]:
    return failure.failed_at or 0, failure.image


def _parse_tags(tags: Any, where: str, parent: int | None, depth: int) -> Iterator[OldTag]:
    if depth > _MAX_TAG_DEPTH:
        raise UsageProblem(f"{where}: more than {_MAX_TAG_DEPTH} levels.")
    for number, tag in checks.check_dict({} if tags is None else tags, where).items():
        here = f"{where}: {checks.describe_value(number)}"
        fields = checks.check_record(tag, here, "name", "tags")
        parsed = OldTag(
            checks.check_small_integer(number, here, 1), checks.check_text(fields["name"], f"{here}: name"), parent
        )
        yield parsed
        yield from _parse_tags(fields.get("tags"), where, parsed.id, depth + 1)


def _parse_blobs(blobs: Any, where: str, tags: set[int]) -> Iterator[OldBlob]:
    for sha, blob in checks.check_dict(blobs, where).items():
        yield _parse_blob(checks.check_sha256(sha, where), blob, f"{where}: {sha}", tags)


def _parse_blob(sha: str, blob: Any, here: str, tags: set[int]) -> OldBlob:
    fields = checks.check_record(
        blob, here, "loc tags sz ext", "sz_thumb percept average diff wavelet cnn width height animated date gone"
    )
    tag_ids = [
        checks.check_small_integer(tag, f"{here}: tags", 1)
        for tag in checks.check_list(fields["tags"], f"{here}: tags")
    ]
    if unknown := set(tag_ids) - tags:
        raise UsageProblem(f"{here}: has the tag {min(unknown)}, which is not in the list of tags.")
    sides = (fields.get(side) for side in ("width", "height"))
    width, height = (None if side is None else checks.check_small_integer(side, f"{here}: size", 1) for side in sides)
    return OldBlob(
        sha256=sha,
        ext=checks.check_extension(fields["ext"], f"{here}: ext"),
        bytes=checks.check_integer(fields["sz"], f"{here}: sz"),
        width=width,
        height=height,
        hashes={
            new_name: checks.check_hash(fields[old_name], f"{here}: {old_name}")
            for old_name, new_name in _HASH_NAMES.items()
            if fields.get(old_name) is not None
        },
        tags=frozenset(tag_ids),
        placements=tuple(
            sorted(
                _parse_placements(fields["loc"], f"{here}: loc"),
                key=lambda placement: (placement.image, placement.folder),
            )
        ),
        removed_at=dict(_parse_removed(fields.get("gone", {}), f"{here}: gone")),
    )


def _parse_placements(placements: Any, where: str) -> Iterator[OldPlacement]:
    if not isinstance(placements, dict):  # version 1
        for placement in checks.check_list(placements, where):
            image, _url, file, user, folder = checks.check_tuple(placement, where, 5)
            yield _parse_placement(where, image, user, folder, file, "new")
        return
    for placement, details in placements.items():
        user, folder, image = checks.check_tuple(placement, where, 3)
        file, verdict = checks.check_tuple(details, where, 2)
        yield _parse_placement(where, image, user, folder, file, verdict)


def _parse_placement(where: str, image: Any, user: Any, folder: Any, file: Any, verdict: Any) -> OldPlacement:
    return OldPlacement(
        image=checks.check_id(image, where),
        user=checks.check_id(user, where),
        folder=checks.check_id(folder, where),
        file=checks.check_text(file, where),
        verdict=checks.check_choice(verdict, where, VERDICTS),
    )


def _parse_removed(removed: Any, where: str) -> Iterator[tuple[int, int | None]]:
    for image, details in checks.check_dict(removed, where).items():
        noticed_at, _level, _url = checks.check_tuple(details, where, 3)
        yield checks.check_id(image, where), checks.check_time(noticed_at, where)


def _parse_groups(content: dict[str, Any], file: str) -> Iterator[dict[str, str]]:
    name = "duplicates_registry" if "duplicates_registry" in content else "duplicates_index"
    if name not in content:
        raise UsageProblem(f"{file}: there is no 'duplicates_registry'.")
    where = f"{file}: {name}"
    for members, group in checks.check_dict(content[name], where).items():
        verdicts = group
        if name == "duplicates_registry":
            verdicts = checks.check_record(group, where, "verdicts", "sources")["verdicts"]
        yield {
            checks.check_sha256(sha, where): checks.check_choice(verdict, where, VERDICTS)
            for sha, verdict in checks.check_dict(verdicts, where).items()
        }
        if set(checks.check_list(members, where)) != set(verdicts):
            raise UsageProblem(f"{where}: a group has verdicts on other images than its members.")
