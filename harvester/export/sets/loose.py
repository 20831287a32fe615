"""Formats in which each picture is a file of its own."""

import os
import shutil
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from harvester.blobs import digest
from harvester.export.sets.folder import CannotExport, Folder
from harvester.export.sets.layouts import File, Layout
from harvester.export.sets.outcome import Outcome
from harvester.export.sets.records import Record
from harvester.export.sets.renditions import Renditions

WINDOW = 64
"""Pictures under way at once; only as many as there are threads are decoded."""


@dataclass
class _Job:
    """A file that is to be written, for one image or for several; `failed` says why it could not be."""

    path: str
    text: str | None
    part: Path | None = None  # whole, and waiting for its name
    failed: str = ""


class Loose:
    """Writes them. With `link` a picture whose bytes stay is a hard link to its blob, otherwise a copy of its own."""

    def __init__(self, folder: Folder, renditions: Renditions, layout: Layout, pool: Executor, *, link: bool) -> None:
        self._folder = folder
        self._renditions = renditions
        self._layout = layout
        self._pool = pool
        self._link = link
        self._under_way: dict[str, _Job] = {}

    def export(self, records: Iterable[Record]) -> Iterator[Outcome]:
        """What became of each, in their order. Raises StoreError."""
        under_way: deque[tuple[Outcome, list[_Job], Future[None]]] = deque()
        for record in records:
            outcome, own, needed = self._planned(record)
            under_way.append((outcome, needed, self._pool.submit(self._write, record, own)))
            self._under_way |= {job.path: job for job in own}
            if len(under_way) >= WINDOW:
                yield self._settled(*under_way.popleft())
        while under_way:
            yield self._settled(*under_way.popleft())

    def _planned(self, record: Record) -> tuple[Outcome, list[_Job], list[_Job]]:
        """Its own jobs, and all that it needs: another image of the same bytes may have the same file."""
        outcome, own, needed = Outcome(record), list[_Job](), list[_Job]()
        if record.blob is None or not self._renditions.fits(record.blob):
            return Outcome(record, failed="blob not recorded" if record.blob is None else ""), own, needed
        try:
            for file in self._layout(record, self._renditions.ext(record.blob)):
                stamp = self._renditions.stamp(record.blob) if file.text is None else digest(file.text.encode())
                path = self._free_name(file, stamp)
                outcome.files.append(path)
                if self._folder.needs(path, stamp):
                    self._folder.plan(path, stamp)
                    own.append(_Job(path, file.text))
                    needed.append(own[-1])
                elif path in self._under_way:
                    needed.append(self._under_way[path])
        except CannotExport as error:
            outcome.failed = str(error)
        return outcome, own, needed

    def _free_name(self, file: File, stamp: str) -> str:
        return next((name for name in file.names if not self._folder.has(name, stamp)), file.names[-1])

    def _write(self, record: Record, jobs: list[_Job]) -> None:
        made, has_picture = None, any(job.text is None for job in jobs)
        if self._folder.dry:
            if has_picture:
                self._renditions.source(record.blob)  # type: ignore[arg-type] # jobs have a blob
            return
        if has_picture:
            made = self._renditions.made(record.blob)  # type: ignore[arg-type]
        for job in jobs:
            job.part = self._folder.write(job.path, partial(self._fill, record, job, made))

    def _fill(self, record: Record, job: _Job, made: bytes | None, part: Path) -> None:
        if job.text is not None:
            part.write_text(job.text, encoding="utf-8", newline="")
        elif made is not None:
            part.write_bytes(made)
        else:
            _link_or_copy(self._renditions.source(record.blob), part, link=self._link)  # type: ignore[arg-type]

    def _settled(self, outcome: Outcome, needed: list[_Job], future: Future[None]) -> Outcome:
        failed = ""
        try:
            future.result()
        except CannotExport as error:
            failed = str(error)
        for job in needed:
            if self._under_way.pop(job.path, None):
                job.failed = self._named(job, failed)
            outcome.failed = outcome.failed or job.failed
        return outcome

    def _named(self, job: _Job, failed: str) -> str:
        """Publish a file; returns why it is not, empty where it is."""
        if job.part is not None:
            try:
                self._folder.publish(job.path, job.part)
            except CannotExport as error:
                failed = str(error)
            else:
                return ""
        elif not failed:
            self._folder.pretend(job.path)
            return ""
        self._folder.refused(job.path)
        return failed


def _link_or_copy(blob: Path, part: Path, *, link: bool) -> None:
    try:
        if link:
            os.link(blob, part)
            return
    except OSError:  # another file system, too many links, none at all
        part.unlink(missing_ok=True)
    shutil.copyfile(blob, part)
