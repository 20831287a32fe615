"""Where everything lies, derived from the settings; the only place that knows the names of files."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy.engine import URL

from harvester.errors import BadInput
from harvester.items import Collection


def resolved(option: str, path: str) -> Path:
    """The folder that an option names: absolute, `~` and symbolic links followed. Raises BadInput."""
    try:
        folder = Path(path).expanduser().resolve()
    except (RuntimeError, OSError, ValueError) as error:
        raise BadInput(f"{option}={path}: {error}.") from error
    if not path or (folder.exists() and not folder.is_dir()):
        raise BadInput(f"{option}={path}: not a folder.")
    return folder


@dataclass(frozen=True)
class Places:
    """The data directory and what lies in it. All paths are absolute."""

    root: Path
    catalogue: str | URL

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> "Places":
        """Read HARVESTER_DATA_DIR and HARVESTER_CATALOGUE."""
        root = resolved("HARVESTER_DATA_DIR", settings["HARVESTER_DATA_DIR"])
        own = URL.create("sqlite", database=str(root / "catalogue.db"))  # a path may hold what means something in a URL
        return cls(root, settings["HARVESTER_CATALOGUE"] or own)

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
    def lock_of_all(self) -> Path:
        """The lock of the whole data directory."""
        return self.locks / "all.lock"

    @property
    def set_aside(self) -> Path:
        """Where `verify --repair` puts damaged files."""
        return self.root / "set-aside"

    def lock_of(self, collection: Collection) -> Path:
        """The lock of a collection."""
        directory = hashlib.sha256(collection.directory.encode(errors="surrogateescape")).hexdigest()
        return self.locks / f"{collection.site}-{directory[:16]}.lock"

    def default_output(self, site: str) -> Path:
        """Where named copies go when no output is given."""
        return self.root / "images" / site

    def stored(self, output: Path) -> str:
        """How the catalogue writes an output directory, so that the data directory can be moved."""
        return str(output.relative_to(self.root)) if output.is_relative_to(self.root) else str(output)

    def output(self, collection: Collection) -> Path:
        """The output directory of a collection, from what the catalogue wrote."""
        return self.root / collection.directory

    def beside(self, collection: Collection) -> Path:
        """Where the status file and the log of a collection go: its own output, or the data directory by default."""
        output = self.output(collection)
        return self.root if output == self.default_output(collection.site) else output

    def status_file(self, collection: Collection) -> Path:
        """download_status.json, in the shape of the seed script."""
        return self.beside(collection) / "download_status.json"

    def log_file(self, collection: Collection) -> Path:
        """image_download.log, one line per image."""
        return self.beside(collection) / "image_download.log"
