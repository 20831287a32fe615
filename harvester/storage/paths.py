"""Paths of all files and folders of harvester, derived from the settings."""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harvester.errors import UsageProblem
from harvester.items import Collection


def resolve_folder(option: str, path: str) -> Path:
    """The absolute path of the folder in an option, with `~` and symbolic links resolved. Raises UsageProblem."""
    try:
        folder = Path(path).expanduser().resolve()
    except (RuntimeError, OSError, ValueError) as error:
        raise UsageProblem(f"{option}={path}: {error}.") from error
    if not path or (folder.exists() and not folder.is_dir()):
        raise UsageProblem(f"{option}={path}: not a folder.")
    return folder


def set_private_umask() -> None:
    """Make this process and those it starts create files and folders for their user only: 0600 and 0700.

    Existing files keep their mode. In a folder with a default ACL, Linux applies that ACL instead.
    """
    os.umask(os.umask(0o077) | 0o077)


def temporary_data_dir(output: Path) -> Path:
    """The data directory of an unfinished harvest that is to leave nothing but its pictures."""
    return output / _TEMPORARY_NAME


def owner_of_temporary(root: Path) -> Path | None:
    """The folder of pictures to which a temporary data directory belongs; None for an ordinary one."""
    return root.parent if root.name == _TEMPORARY_NAME else None


_TEMPORARY_NAME = ".harvester"


@dataclass(frozen=True)
class DataPaths:
    """The data directory and the paths in it, all absolute. `catalogue` is a SQLAlchemy URL."""

    root: Path
    catalogue: str | Path

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> "DataPaths":
        """Read HARVESTER_DATA_DIR and HARVESTER_CATALOGUE."""
        root = resolve_folder("HARVESTER_DATA_DIR", settings["HARVESTER_DATA_DIR"])
        return cls(root, settings["HARVESTER_CATALOGUE"] or root / "catalogue.db")

    @property
    def blobs(self) -> Path:
        """The root of the blob store."""
        return self.root / "blobs"

    @property
    def thumbs(self) -> Path:
        """The root of the thumbnails."""
        return self.root / "thumbs"

    @property
    def httpcache(self) -> Path:
        """The root of the HTTP cache."""
        return self.root / "httpcache"

    @property
    def locks(self) -> Path:
        """The folder of the lock files."""
        return self.root / "locks"

    @property
    def data_dir_lock(self) -> Path:
        """The lock file of the whole data directory."""
        return self.locks / "all.lock"

    @property
    def dedupe_lock(self) -> Path:
        """The lock file of a search for near-duplicates."""
        return self.locks / "dedupe.lock"

    @property
    def verdicts_lock(self) -> Path:
        """The lock file of decisions about near-duplicates."""
        return self.locks / "verdicts.lock"

    @property
    def set_aside(self) -> Path:
        """The folder to which `verify --repair` moves damaged files."""
        return self.root / "set-aside"

    def collection_lock(self, collection: Collection) -> Path:
        """The lock file of a collection."""
        digest = hashlib.sha256(collection.directory.encode(errors="surrogateescape")).hexdigest()
        return self.locks / f"{collection.site}-{digest[:16]}.lock"

    def default_output(self, site: str) -> Path:
        """The output directory of a site if none is given."""
        return self.root / "images" / site

    def relative_to_data(self, output: Path) -> str:
        """The output directory as the catalogue stores it: relative if possible, so that the data can be moved."""
        return str(output.relative_to(self.root)) if output.is_relative_to(self.root) else str(output)

    def output(self, collection: Collection) -> Path:
        """The output directory of a collection, from its path in the catalogue."""
        return self.root / collection.directory

    def metadata_folder(self, collection: Collection) -> Path:
        """The folder of a collection's status file and log: its output directory, or by default the data directory."""
        output = self.output(collection)
        return self.root if output in (self.default_output(collection.site), owner_of_temporary(self.root)) else output

    def status_file(self, collection: Collection) -> Path:
        """download_status.json, in the shape of the seed script."""
        return self.metadata_folder(collection) / "download_status.json"

    def dataset_files(self, collection: Collection) -> tuple[Path, Path]:
        """accounts.csv and user_posts.json of a data set made by harvester."""
        folder = self.metadata_folder(collection)
        return folder / "accounts.csv", folder / "user_posts.json"

    def metadata_files(self, collection: Collection) -> tuple[Path, ...]:
        """All files that harvester may write beside the pictures of a collection."""
        return self.status_file(collection), self.log_file(collection), *self.dataset_files(collection)

    def log_file(self, collection: Collection) -> Path:
        """image_download.log, one line per image."""
        return self.metadata_folder(collection) / "image_download.log"
