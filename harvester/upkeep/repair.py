"""What is done about a finding. Bytes are never thrown away unless that is asked for: damaged files are set aside."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from sqlalchemy import Engine

from harvester.blobs import publish
from harvester.catalogue import audit, mending, queries
from harvester.errors import Refused, StoreError
from harvester.imaging.described import described
from harvester.imaging.values import Options
from harvester.links import leads_elsewhere
from harvester.places import Places
from harvester.upkeep.blobfiles import BlobFinding, hashed
from harvester.upkeep.copies import CopyFinding
from harvester.upkeep.findings import Finding, ImageFinding


class Repair:
    """Mends one finding after the other; the caller holds the lock of the data directory.

    `options` bound what is decoded where a row is made from bytes; `delete`: files are removed, not set aside.
    """

    def __init__(self, places: Places, engine: Engine, options: Options, *, delete: bool) -> None:
        self._places = places
        self._engine = engine
        self._options = options
        self._delete = delete

    def mend(self, finding: Finding) -> str:
        """What was done, empty where nothing was. Raises StoreError."""
        try:
            return self._mended(finding)
        except OSError as error:
            raise StoreError(f"{error.filename or finding.what} cannot be changed: {error.strerror}.") from error

    def _mended(self, finding: Finding) -> str:
        if isinstance(finding, ImageFinding):
            self._change(mending.owe_bytes, [finding.row])
            return "owed again"
        if isinstance(finding, CopyFinding) and finding.row:
            return self._copy(finding)
        path = Path(finding.what)
        if finding.kind in ("foreign", "going", "leftover"):
            return self._remove(path) if self._delete else ""
        return self._blob(finding, path) if isinstance(finding, BlobFinding) else ""

    def _copy(self, finding: CopyFinding) -> str:
        done = [self._put_away(Path(finding.what))] if finding.kind == "altered" else []
        self._change(mending.owe_names, [finding.row])
        return ", ".join([*done, "owed again"])

    def _blob(self, finding: BlobFinding, path: Path) -> str:
        if finding.kind in ("torn", "missing"):
            return self._restored(finding.sha256, path) or self._lost(finding, path)
        if self._delete and finding.kind in ("orphaned", "unreferenced"):
            self._change(mending.drop_blob, finding.sha256)
            return self._remove(path)
        if finding.kind == "unreferenced":
            return ""
        if self._recorded(finding.sha256, path):
            return "measured again" if finding.kind == "outdated" else "recorded from its bytes"
        return self._owed_again(finding.sha256) if finding.kind == "unrecorded" else ""

    def _restored(self, sha256: str, path: Path) -> str:
        """A named copy that is no link to a torn blob may have the very bytes."""
        for copy, _ in self._copies(sha256):
            if hashed(copy) == sha256:
                target = path if path.suffix != ".*" else path.with_suffix(copy.suffix)
                publish(target, copy.read_bytes())
                return f"restored from {copy}" if self._recorded(sha256, target) else ""
        return ""

    def _lost(self, finding: BlobFinding, path: Path) -> str:
        """The links to a torn blob are as torn as it is."""
        done = []
        if finding.kind == "torn":
            done = [self._put_away(copy) for copy, written in self._copies(finding.sha256) if hashed(copy) != written]
            done.append(self._put_away(path))
        return ", ".join([*done[-1:], self._owed_again(finding.sha256)])

    def _owed_again(self, sha256: str) -> str:
        return f"{self._change(mending.lose_blob, sha256)} image(s) owed again"

    def _copies(self, sha256: str) -> Iterator[tuple[Path, str | None]]:
        """(path, sha256 of what was written there) of the named copies of a blob that are there."""
        with self._engine.connect() as connection:
            collections = queries.all_collections(connection)
            found = audit.copies_of(connection, sha256)
        for copy in found:
            output = self._places.output(collections[copy.collection])
            path = output / copy.file
            if path.is_file() and not path.is_symlink() and not leads_elsewhere(output, copy.file):
                yield path, copy.file_sha256

    def _recorded(self, sha256: str, path: Path) -> bool:
        """Make the row of a blob from its bytes; False where they are no picture that is kept."""
        try:
            row = described(path.read_bytes(), self._options)
        except Refused:
            return False
        self._change(mending.adopt_blob, row | {"sha256": sha256, "ext": path.suffix[1:]})
        return True

    def _put_away(self, path: Path) -> str:
        if self._delete:
            return self._remove(path)
        self._places.set_aside.mkdir(parents=True, exist_ok=True)
        target, number = self._places.set_aside / path.name, 0
        while target.exists():
            number += 1
            target = self._places.set_aside / f"{path.name}.{number}"
        shutil.move(path, target)
        return f"set aside as {target}"

    def _remove(self, path: Path) -> str:
        if path.is_dir() and not path.is_symlink():
            return ""  # a strange folder may hold anything
        path.unlink(missing_ok=True)
        return "removed"

    def _change(self, function: Callable[..., int | None], *arguments: object) -> int | None:
        with self._engine.begin() as connection:
            return function(connection, *arguments)
