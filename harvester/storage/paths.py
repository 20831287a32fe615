"""Where everything lies, derived from the settings; the only place that knows the names of files."""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harvester.errors import UsageProblem
from harvester.items import Collection


def resolve_folder(option: str, path: str) -> Path:
    """The folder that an option names: absolute, `~` and symbolic links followed. Raises BadInput."""
    try:
        folder = Path(path).expanduser().resolve()
    except (RuntimeError, OSError, ValueError) as error:
        raise UsageProblem(f"{option}={path}: {error}.") from error
    if not path or (folder.exists() and not folder.is_dir()):
        raise UsageProblem(f"{option}={path}: not a folder.")
    return folder


def set_private_umask() -> None:
    """From now on this process, and those it starts, make files and folders for their user only: 0600 and 0700.

    What is there already keeps its mode. A folder with a default ACL hands that on in its place, as Linux has it.
    """
    os.umask(os.umask(0o077) | 0o077)


def temporary_data_dir(output: Path) -> Path:
    """The data directory of a harvest that leaves nothing behind but its pictures, while it is not complete."""
    return output / _TEMPORARY_NAME


def owner_of_temporary(root: Path) -> Path | None:
    """The folder of pictures that such a data directory belongs to; None for an ordinary one."""
    return root.parent if root.name == _TEMPORARY_NAME else None


_TEMPORARY_NAME = ".harvester"


@dataclass(frozen=True)
class DataPaths:
    """The data directory and what lies in it. All paths are absolute. A catalogue elsewhere is a SQLAlchemy URL."""

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
        """The HTTP cache."""
        return self.root / "httpcache"

    @property
    def locks(self) -> Path:
        """The locks of running crawls and commands."""
        return self.root / "locks"

    @property
    def data_dir_lock(self) -> Path:
        """The lock of the whole data directory."""
        return self.locks / "all.lock"

    @property
    def dedupe_lock(self) -> Path:
        """The lock of a search for look-alikes."""
        return self.locks / "dedupe.lock"

    @property
    def verdicts_lock(self) -> Path:
        """The lock of whoever writes a decision down."""
        return self.locks / "verdicts.lock"

    @property
    def set_aside(self) -> Path:
        """Where `verify --repair` puts damaged files."""
        return self.root / "set-aside"

    def collection_lock(self, collection: Collection) -> Path:
        """The lock of a collection."""
        digest = hashlib.sha256(collection.directory.encode(errors="surrogateescape")).hexdigest()
        return self.locks / f"{collection.site}-{digest[:16]}.lock"

    def default_output(self, site: str) -> Path:
        """Where named copies go when no output is given."""
        return self.root / "images" / site

    def relative_to_data(self, output: Path) -> str:
        """How the catalogue writes an output directory, so that the data directory can be moved."""
        return str(output.relative_to(self.root)) if output.is_relative_to(self.root) else str(output)

    def output(self, collection: Collection) -> Path:
        """The output directory of a collection, from what the catalogue wrote."""
        return self.root / collection.directory

    def metadata_folder(self, collection: Collection) -> Path:
        """Where the status file and the log of a collection go: its own output, or the data directory by default."""
        output = self.output(collection)
        return self.root if output in (self.default_output(collection.site), owner_of_temporary(self.root)) else output

    def status_file(self, collection: Collection) -> Path:
        """download_status.json, in the shape of the seed script."""
        return self.metadata_folder(collection) / "download_status.json"

    def dataset_files(self, collection: Collection) -> tuple[Path, Path]:
        """accounts.csv and user_posts.json of a data set that was made here."""
        folder = self.metadata_folder(collection)
        return folder / "accounts.csv", folder / "user_posts.json"

    def metadata_files(self, collection: Collection) -> tuple[Path, ...]:
        """Every file that may lie beside the pictures of a collection."""
        return self.status_file(collection), self.log_file(collection), *self.dataset_files(collection)

    def log_file(self, collection: Collection) -> Path:
        """image_download.log, one line per image."""
        return self.metadata_folder(collection) / "image_download.log"
