"""One export from beginning to end."""

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, Engine

from harvester.blobs import BlobStore
from harvester.catalogue import verdicts
from harvester.catalogue.trouble import told_plainly
from harvester.errors import BadInput, Busy
from harvester.export.sets import picking
from harvester.export.sets.folder import Folder
from harvester.export.sets.layouts import layout_of
from harvester.export.sets.ledger import NAME, Ledger
from harvester.export.sets.loose import Loose
from harvester.export.sets.opinions import Tags, worse
from harvester.export.sets.outcome import Outcome, Tally
from harvester.export.sets.parquet import Parquet
from harvester.export.sets.picking import Fitting, Picks
from harvester.export.sets.records import Record, Records
from harvester.export.sets.renditions import Renditions
from harvester.export.sets.rows import caption, manifest, row
from harvester.export.sets.shards import Packing, Shards
from harvester.export.sets.statusfiles import write_status_files
from harvester.export.sets.tables import CSV_HEAD, csv_line, json_line, table
from harvester.export.sets.webdataset import WebDataset
from harvester.export.sets.wish import PICTURES, Wish
from harvester.imaging.values import Options
from harvester.locks import Lock

MANIFEST = "manifest.jsonl"

Step = Callable[[int, int], object]
"""Told how far an export is: images done, of how many."""


@dataclass(frozen=True)
class Export:
    """What is to be exported, and where to. `fitting` chooses the images; `blobs` is where their bytes are.

    `tag` is the path of the tag that was asked for, None for all.
    """

    wish: Wish
    folder: Path
    tag: str | None
    fitting: Fitting
    blobs: BlobStore
    options: Options

    def run(self, engine: Engine, step: Step) -> Tally:
        """Do it. Raises BadInput, Busy, CatalogueError and StoreError."""
        packing = self._packing()
        with ExitStack() as stack:
            if not self.wish.dry:
                stack.callback(_locked(self.folder).release)
            ledger = stack.enter_context(closing(Ledger(self.folder, dry=self.wish.dry)))
            stack.enter_context(ledger.told())
            if ledger.format not in (None, self.wish.format):
                raise BadInput(f"{self.folder} holds an export as {ledger.format}: give {self.wish.format} its own.")
            ledger.begin(self.wish.format)
            folder = stack.enter_context(closing(Folder(self.folder, ledger, dry=self.wish.dry)))
            pool = stack.enter_context(ThreadPoolExecutor(len(os.sched_getaffinity(0))))
            stack.enter_context(told_plainly(engine))
            connection = stack.enter_context(engine.connect())
            running = _Running(self, connection, ledger, folder, pool, packing, step)
            return running.run()

    def _packing(self) -> Packing | None:
        return (
            Parquet() if self.wish.format == "parquet" else WebDataset() if self.wish.format == "webdataset" else None
        )


def _locked(folder: Path) -> Lock:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(f"--to: the folder {folder} cannot be made: {error.strerror}.") from error
    try:
        return Lock(folder / f"{NAME}.lock", "scrapy export")
    except Busy as busy:
        raise Busy(f"{busy.holder} is at work in {folder}: wait for its end.") from None


class _Running:
    def __init__(
        self, export: Export, connection: Connection, ledger: Ledger, folder: Folder, pool: Executor,
        packing: Packing | None, step: Step,
    ) -> None:  # fmt: skip
        self._export, self._wish = export, export.wish
        self._connection, self._ledger, self._folder = connection, ledger, folder
        self._pool, self._packing, self._step = pool, packing, step
        self._picks = Picks(ledger)
        self._tags = Tags(connection, ledger)
        self._reader = Records(connection, self._tags, twins=self._wish.dedupe != "all")
        self._tally = Tally()

    def run(self) -> Tally:
        self._pick()
        self._tally.selected = self._picks.selected
        {"csv": self._rows, "jsonl": self._rows, "status": self._status}.get(self._wish.format, self._pictures)()
        self._folder.tidy()
        self._tally.skipped, self._tally.files = self._picks.skipped, self._folder.files
        return self._tally

    def _pick(self) -> None:
        picks, wish = self._picks, self._wish
        rows_only = wish.format not in PICTURES and wish.dedupe in ("", "all")
        picks.add(self._connection, self._export.fitting, any_status=rows_only)
        if wish.dedupe in ("keep", "best"):
            picks.leave_out(verdicts.hidden(self._connection), picking.VERDICT)
            picks.once()
        if wish.dedupe == "best":
            picks.leave_out(list(worse(self._connection, picks.takes)), picking.LOOK_ALIKE)
        if wish.format == "tags":
            picks.take_only(list(self._tags.pictures(self._export.tag)), picking.UNTAGGED)

    def _records(self) -> Iterator[Record]:
        for chunk in self._picks.chunks():
            found = {record.image.id: record for record in self._reader.of(chunk)}
            for _, image in chunk:
                if image in found:
                    yield found[image]
                else:
                    self._gone(image)

    def _gone(self, image: int) -> None:
        self._picks.fate(image, picking.GONE)

    def _pictures(self) -> None:
        with ExitStack() as stack:
            tell = stack.enter_context(table(self._folder, MANIFEST, json_line))
            describe = None
            if self._wish.format == "imagefolder":
                describe = stack.enter_context(table(self._folder, "train/metadata.jsonl", json_line))
            for outcome in self._counted(self._outcomes()):
                tell(manifest(outcome.record, outcome.files))
                if describe:
                    name = outcome.files[0].removeprefix("train/")
                    text = {"file_name": name, "text": caption(outcome.record)}
                    describe(text | row(outcome.record))

    def _outcomes(self) -> Iterator[Outcome]:
        renditions = Renditions(self._export.blobs, self._wish, self._export.options)
        if self._packing:
            shards = Shards(self._folder, self._ledger, renditions, self._packing, self._pool, self._wish)
            return shards.export(self._records(), self._reader, self._gone)
        link = self._wish.format != "captions"  # those are made to be edited
        return Loose(self._folder, renditions, layout_of(self._wish, self._export.tag), self._pool, link=link).export(
            self._records()
        )

    def _counted(self, outcomes: Iterable[Outcome]) -> Iterator[Outcome]:
        """Those that are exported; the others are counted."""
        for number, outcome in enumerate(outcomes, start=1):
            self._step(number, self._tally.selected)
            if outcome.failed:
                self._tally.failed[outcome.failed] += 1
            elif outcome.files:
                self._tally.exported += 1
                yield outcome
            else:
                self._picks.fate(outcome.record.image.id, picking.NOT_FOR_THIS)

    def _rows(self) -> None:
        line, head = (csv_line, CSV_HEAD) if self._wish.format == "csv" else (json_line, "")
        with table(self._folder, f"images.{self._wish.format}", line, head) as add:
            for outcome in self._counted(Outcome(record, ["images"]) for record in self._records()):
                add(row(outcome.record))

    def _status(self) -> None:
        self._tally.exported = write_status_files(self._connection, self._picks, self._folder)
        self._step(self._tally.selected, self._tally.selected)
