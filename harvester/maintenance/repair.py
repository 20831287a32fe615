"""Repair of findings; damaged files are set aside, and deleted only on request."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from sqlalchemy import Engine

from harvester.catalogue import audit, queries, repair
from harvester.errors import ImageRejected, StoreError
from harvester.imaging.convert import describe_blob
from harvester.imaging.types import ConversionOptions
from harvester.maintenance.blob_files import BlobFinding, sha256_or_error
from harvester.maintenance.copies import OutputFileFinding
from harvester.maintenance.findings import Finding, ImageFinding
from harvester.storage.blobs import publish
from harvester.storage.paths import DataPaths
from harvester.storage.safe_files import escapes_folder
from harvester.text import count_noun


class Repair:
    """Repairs findings one by one; the caller holds the lock of the data directory.

    `options` limit what is decoded when a row is made from bytes. With `delete` files are removed, not set aside.
    """

    def __init__(self, places: DataPaths, engine: Engine, options: ConversionOptions, *, delete: bool) -> None:
        self._places = places
        self._engine = engine
        self._options = options
        self._delete = delete

    def repair(self, finding: Finding) -> str:
        """Repair one finding; return what was done, empty if nothing. Raises StoreError."""
        try:
            return self._repair_finding(finding)
        except OSError as error:
            raise StoreError(f"{error.filename or finding.subject} cannot be changed: {error.strerror}.") from error

    def _repair_finding(self, finding: Finding) -> str:
        if isinstance(finding, ImageFinding):
            self._change(repair.refetch, [finding.image_id])
            return "pending again"
        if isinstance(finding, OutputFileFinding) and finding.placement_id:
            return self._repair_output_file(finding)
        path = Path(finding.subject)
        if finding.kind in ("foreign", "pending-delete", "leftover"):
            return self._remove_file(path) if self._delete else ""
        return self._repair_blob(finding, path) if isinstance(finding, BlobFinding) else ""

    def _repair_output_file(self, finding: OutputFileFinding) -> str:
        actions = [self._set_aside(Path(finding.subject))] if finding.kind == "altered" else []
        self._change(repair.rename_again, [finding.placement_id])
        return ", ".join([*actions, "pending again"])

    def _repair_blob(self, finding: BlobFinding, path: Path) -> str:
        if finding.kind in ("corrupt", "missing"):
            return self._restore_blob(finding.sha256, path) or self._requeue_lost(finding, path)
        if self._delete and finding.kind in ("orphaned", "unreferenced"):
            self._change(repair.delete_blob, finding.sha256)
            return self._remove_file(path)
        if finding.kind == "unreferenced":
            return ""
        if self._record_blob(finding.sha256, path):
            return "fingerprints computed again" if finding.kind == "outdated" else "recorded from its bytes"
        return self._requeue_images(finding.sha256) if finding.kind == "unrecorded" else ""

    def _restore_blob(self, sha256: str, path: Path) -> str:
        """Restore a blob from an output file that has its bytes; return what was done, empty if there is none."""
        for file, _ in self._find_output_files(sha256):
            if sha256_or_error(file) == sha256:
                target = path if path.suffix != ".*" else path.with_suffix(file.suffix)
                publish(target, file.read_bytes())
                return f"restored from {file}" if self._record_blob(sha256, target) else ""
        return ""

    def _requeue_lost(self, finding: BlobFinding, path: Path) -> str:
        """Set aside a corrupt blob and the hard links to it, and make its images pending again."""
        actions = []
        if finding.kind == "corrupt":
            actions = [
                self._set_aside(file)
                for file, written_sha256 in self._find_output_files(finding.sha256)
                if sha256_or_error(file) != written_sha256
            ]
            actions.append(self._set_aside(path))
        return ", ".join([*actions[-1:], self._requeue_images(finding.sha256)])

    def _requeue_images(self, sha256: str) -> str:
        return f"{count_noun(self._change(repair.blob_lost, sha256) or 0, 'image')} pending again"

    def _find_output_files(self, sha256: str) -> Iterator[tuple[Path, str | None]]:
        """(path, sha256 of the bytes written there) of the existing output files of a blob."""
        with self._engine.connect() as connection:
            collections = queries.all_collections(connection)
            output_files = audit.output_files_of_blob(connection, sha256)
        for output_file in output_files:
            output = self._places.output(collections[output_file.collection])
            path = output / output_file.file
            if path.is_file() and not path.is_symlink() and not escapes_folder(output, output_file.file):
                yield path, output_file.file_sha256

    def _record_blob(self, sha256: str, path: Path) -> bool:
        """Make the row of a blob from its bytes; return False if these are not an acceptable picture."""
        try:
            row = describe_blob(path.read_bytes(), self._options)
        except ImageRejected:
            return False
        self._change(repair.add_found_blob, row | {"sha256": sha256, "ext": path.suffix[1:]})
        return True

    def _set_aside(self, path: Path) -> str:
        if self._delete:
            return self._remove_file(path)
        self._places.set_aside.mkdir(parents=True, exist_ok=True)
        target, number = self._places.set_aside / path.name, 0
        while target.exists():
            number += 1
            target = self._places.set_aside / f"{path.name}.{number}"
        shutil.move(path, target)
        return f"set aside as {target}"

    def _remove_file(self, path: Path) -> str:
        if path.is_dir() and not path.is_symlink():
            return ""  # an unknown folder may hold anything
        path.unlink(missing_ok=True)
        return "removed"

    def _change(self, function: Callable[..., int | None], *arguments: object) -> int | None:
        with self._engine.begin() as connection:
            return function(connection, *arguments)
