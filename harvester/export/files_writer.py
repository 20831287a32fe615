"""Writer for formats in which each picture is a separate file."""

import shutil
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from harvester.export.layouts import Layout, LayoutFile
from harvester.export.output_folder import CannotExport, OutputFolder
from harvester.export.records import Record
from harvester.export.renditions import Renditions
from harvester.export.result import ExportedImage
from harvester.storage.blobs import digest
from harvester.storage.safe_files import link_or_copy

MAX_IN_PROGRESS = 64
"""Largest number of pictures in progress; only one for each thread is decoded at a time."""


@dataclass
class _Job:
    """A file to write, for one or several images; `failure` says why it could not be written."""

    path: str
    text: str | None
    part: Path | None = None  # complete, but not published yet
    failure: str = ""


class FilesWriter:
    """Writes the files. With `link` an unconverted picture becomes a hard link to its blob, otherwise a copy."""

    def __init__(
        self, folder: OutputFolder, renditions: Renditions, layout: Layout, pool: Executor, *, link: bool
    ) -> None:
        self._folder = folder
        self._renditions = renditions
        self._layout = layout
        self._pool = pool
        self._link = link
        self._jobs: dict[str, _Job] = {}

    def export(self, records: Iterable[Record]) -> Iterator[ExportedImage]:
        """Export the records; yield the outcome of each, in their order. Raises StoreError."""
        in_progress: deque[tuple[ExportedImage, list[_Job], Future[None]]] = deque()
        for record in records:
            outcome, own_jobs, needed_jobs = self._plan_jobs(record)
            in_progress.append((outcome, needed_jobs, self._pool.submit(self._write_jobs, record, own_jobs)))
            self._jobs |= {job.path: job for job in own_jobs}
            if len(in_progress) >= MAX_IN_PROGRESS:
                yield self._finish(*in_progress.popleft())
        while in_progress:
            yield self._finish(*in_progress.popleft())

    def _plan_jobs(self, record: Record) -> tuple[ExportedImage, list[_Job], list[_Job]]:
        """The outcome of a record, its own jobs, and all jobs it needs.

        Another image with the same bytes may have the same file.
        """
        outcome, own_jobs, needed_jobs = ExportedImage(record), list[_Job](), list[_Job]()
        if record.blob is None or not self._renditions.can_hold(record.blob):
            return (
                ExportedImage(record, failure="blob not recorded" if record.blob is None else ""),
                own_jobs,
                needed_jobs,
            )
        try:
            for file in self._layout(record, self._renditions.ext(record.blob)):
                stamp = self._renditions.stamp(record.blob) if file.text is None else digest(file.text.encode())
                path = self._free_name(file, stamp)
                outcome.files.append(path)
                if self._folder.needs_writing(path, stamp):
                    self._folder.plan_file(path, stamp)
                    own_jobs.append(_Job(path, file.text))
                    needed_jobs.append(own_jobs[-1])
                elif path in self._jobs:
                    needed_jobs.append(self._jobs[path])
        except CannotExport as error:
            outcome.failure = str(error)
        return outcome, own_jobs, needed_jobs

    def _free_name(self, file: LayoutFile, stamp: str) -> str:
        return next((name for name in file.names if not self._folder.is_name_used(name, stamp)), file.names[-1])

    def _write_jobs(self, record: Record, jobs: list[_Job]) -> None:
        rendition, has_picture = None, any(job.text is None for job in jobs)
        if self._folder.dry:
            if has_picture:
                self._renditions.find_blob_file(record.blob)  # type: ignore[arg-type] # jobs have a blob
            return
        if has_picture:
            rendition = self._renditions.make_rendition(record.blob)  # type: ignore[arg-type]
        for job in jobs:
            job.part = self._folder.write_part(job.path, partial(self._fill_part, record, job, rendition))

    def _fill_part(self, record: Record, job: _Job, rendition: bytes | None, part: Path) -> None:
        if job.text is not None:
            part.write_text(job.text, encoding="utf-8", newline="")
        elif rendition is not None:
            part.write_bytes(rendition)
        else:
            blob_file = self._renditions.find_blob_file(record.blob)  # type: ignore[arg-type]
            (link_or_copy if self._link else shutil.copyfile)(blob_file, part)

    def _finish(self, outcome: ExportedImage, jobs: list[_Job], future: Future[None]) -> ExportedImage:
        failure = ""
        try:
            future.result()
        except CannotExport as error:
            failure = str(error)
        for job in jobs:
            if self._jobs.pop(job.path, None):
                job.failure = self._publish(job, failure)
            outcome.failure = outcome.failure or job.failure
        return outcome

    def _publish(self, job: _Job, failure: str) -> str:
        """Publish a file; return the reason if that fails, else an empty text."""
        if job.part is not None:
            try:
                self._folder.publish_file(job.path, job.part)
            except CannotExport as error:
                failure = str(error)
            else:
                return ""
        elif not failure:
            self._folder.count_dry_run(job.path)
            return ""
        self._folder.cancel_file(job.path)
        return failure
