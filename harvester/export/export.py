"""The `scrapy export` process, from selection to the files in the output folder."""

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, Engine

from harvester.catalogue.db_errors import translate_db_errors
from harvester.catalogue.duplicates import verdicts
from harvester.errors import LockedByOther, UsageProblem
from harvester.export import selected_images
from harvester.export.files_writer import FilesWriter
from harvester.export.layouts import choose_layout
from harvester.export.manifest_db import DATABASE_NAME, ExportManifest
from harvester.export.options import PICTURE_FORMATS, ExportOptions
from harvester.export.output_folder import OutputFolder
from harvester.export.parquet import Parquet
from harvester.export.records import Record, RecordReader
from harvester.export.renditions import Renditions
from harvester.export.result import ExportedImage, ExportTotals
from harvester.export.rows import caption_from_record, manifest_from_record, row_from_record
from harvester.export.selected_images import ImageConditions, SelectedImages
from harvester.export.shards import ShardFormat, ShardWriter
from harvester.export.status_files import write_status_files
from harvester.export.table_files import CSV_HEADER, csv_row, json_line, open_table
from harvester.export.tags_and_best import TagIndex, inferior_duplicates
from harvester.export.webdataset import WebDataset
from harvester.imaging.types import ConversionOptions
from harvester.storage.blobs import BlobStore
from harvester.storage.locks import Lock

MANIFEST_FILE = "manifest.jsonl"

ProgressCallback = Callable[[int, int], object]
"""A function called with the number of images done and the number of all images."""


@dataclass(frozen=True)
class Export:
    """The specification of an export. `conditions` select the images; `blobs` is the store that has their bytes.

    `tag` is the path of the requested tag, None for all tags.
    """

    export_options: ExportOptions
    folder: Path
    tag: str | None
    conditions: ImageConditions
    blobs: BlobStore
    options: ConversionOptions

    def run(self, engine: Engine, progress: ProgressCallback) -> ExportTotals:
        """Run the export. Raises UsageProblem, LockedByOther, CatalogueError and StoreError."""
        shard_format = self._shard_format()
        with ExitStack() as stack:
            if not self.export_options.dry:
                stack.callback(_lock_folder(self.folder).release)
            manifest = stack.enter_context(closing(ExportManifest(self.folder, dry=self.export_options.dry)))
            stack.enter_context(manifest.translate_errors())
            if manifest.format not in (None, self.export_options.format):
                raise UsageProblem(
                    f"{self.folder} holds an export as {manifest.format}; "
                    f"use another folder for {self.export_options.format}."
                )
            manifest.set_format(self.export_options.format)
            folder = stack.enter_context(closing(OutputFolder(self.folder, manifest, dry=self.export_options.dry)))
            pool = stack.enter_context(ThreadPoolExecutor(len(os.sched_getaffinity(0))))
            stack.enter_context(translate_db_errors(engine))
            connection = stack.enter_context(engine.connect())
            export_run = _ExportRun(self, connection, manifest, folder, pool, shard_format, progress)
            return export_run.run()

    def _shard_format(self) -> ShardFormat | None:
        return (
            Parquet()
            if self.export_options.format == "parquet"
            else WebDataset()
            if self.export_options.format == "webdataset"
            else None
        )


def _lock_folder(folder: Path) -> Lock:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageProblem(f"--to: the folder {folder} cannot be created: {error.strerror}.") from error
    try:
        return Lock(folder / f"{DATABASE_NAME}.lock", "scrapy export")
    except LockedByOther as busy:
        raise LockedByOther(f"{busy.holder} is running in {folder}; wait until it ends.") from None


class _ExportRun:
    def __init__(
        self, export: Export, connection: Connection, manifest: ExportManifest, folder: OutputFolder, pool: Executor,
        shard_format: ShardFormat | None, progress: ProgressCallback,
    ) -> None:  # fmt: skip
        self._export, self._options = export, export.export_options
        self._connection, self._manifest, self._folder = connection, manifest, folder
        self._pool, self._shard_format, self._progress = pool, shard_format, progress
        self._images = SelectedImages(manifest)
        self._tags = TagIndex(connection, manifest)
        self._reader = RecordReader(connection, self._tags, twins=self._options.dedupe != "all")
        self._totals = ExportTotals()

    def run(self) -> ExportTotals:
        self._select_images()
        self._totals.selected = self._images.total
        {"csv": self._export_rows, "jsonl": self._export_rows, "status": self._export_status}.get(
            self._options.format, self._export_pictures
        )()
        self._folder.remove_stale()
        self._totals.skipped, self._totals.files = self._images.skipped, self._folder.files
        return self._totals

    def _select_images(self) -> None:
        selected, options = self._images, self._options
        rows_only = options.format not in PICTURE_FORMATS and options.dedupe in ("", "all")
        selected.add(self._connection, self._export.conditions, any_status=rows_only)
        if options.dedupe in ("keep", "best"):
            selected.skip_pictures(verdicts.skipped_pictures(self._connection), selected_images.VERDICT_SKIP)
            selected.skip_same_bytes()
        if options.dedupe == "best":
            selected.skip_pictures(
                list(inferior_duplicates(self._connection, selected.has_picture)), selected_images.BETTER_DUPLICATE
            )
        if options.format == "tags":
            selected.keep_only(list(self._tags.find_pictures(self._export.tag)), selected_images.UNTAGGED)

    def _read_records(self) -> Iterator[Record]:
        for chunk in self._images.batches():
            record_by_image = {record.image.id: record for record in self._reader.read(chunk)}
            for _, image in chunk:
                if image in record_by_image:
                    yield record_by_image[image]
                else:
                    self._mark_removed(image)

    def _mark_removed(self, image: int) -> None:
        self._images.skip_image(image, selected_images.REMOVED)

    def _export_pictures(self) -> None:
        with ExitStack() as stack:
            write_manifest = stack.enter_context(open_table(self._folder, MANIFEST_FILE, json_line))
            write_metadata = None
            if self._options.format == "imagefolder":
                write_metadata = stack.enter_context(open_table(self._folder, "train/metadata.jsonl", json_line))
            for outcome in self._count_outcomes(self._export_images()):
                write_manifest(manifest_from_record(outcome.record, outcome.files))
                if write_metadata:
                    name = outcome.files[0].removeprefix("train/")
                    text = {"file_name": name, "text": caption_from_record(outcome.record)}
                    write_metadata(text | row_from_record(outcome.record))

    def _export_images(self) -> Iterator[ExportedImage]:
        renditions = Renditions(self._export.blobs, self._options, self._export.options)
        if self._shard_format:
            shards = ShardWriter(
                self._folder, self._manifest, renditions, self._shard_format, self._pool, self._options
            )
            return shards.export(self._read_records(), self._reader, self._mark_removed)
        link = self._options.format != "captions"  # caption files and their pictures are meant to be edited
        return FilesWriter(
            self._folder, renditions, choose_layout(self._options, self._export.tag), self._pool, link=link
        ).export(self._read_records())

    def _count_outcomes(self, outcomes: Iterable[ExportedImage]) -> Iterator[ExportedImage]:
        """Count all outcomes and yield those of exported images."""
        for number, outcome in enumerate(outcomes, start=1):
            self._progress(number, self._totals.selected)
            if outcome.failure:
                self._totals.failed[outcome.failure] += 1
            elif outcome.files:
                self._totals.exported += 1
                yield outcome
            else:
                self._images.skip_image(outcome.record.image.id, selected_images.WRONG_FORMAT)

    def _export_rows(self) -> None:
        format_line, header = (csv_row, CSV_HEADER) if self._options.format == "csv" else (json_line, "")
        with open_table(self._folder, f"images.{self._options.format}", format_line, header) as write_row:
            for outcome in self._count_outcomes(ExportedImage(record, ["images"]) for record in self._read_records()):
                write_row(row_from_record(outcome.record))

    def _export_status(self) -> None:
        self._totals.exported = write_status_files(self._connection, self._images, self._folder)
        self._progress(self._totals.selected, self._totals.selected)
