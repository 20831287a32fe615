"""Scrapy's stats and the books of a run as a file that Prometheus gets through node_exporter's textfile collector.

A file, because nobody may be there to be asked: a crawl ends, and its last numbers are those that matter.
"""

import asyncio
import logging
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, cast

from scrapy import signals
from scrapy.crawler import Crawler
from scrapy.exceptions import NotConfigured

from harvester.catalogue import queries
from harvester.catalogue.trouble import told_plainly
from harvester.errors import CatalogueError
from harvester.extensions.ledger import Harvesting, Ledger
from harvester.places import Places
from harvester.signals import run_ended

if TYPE_CHECKING:
    from prometheus_client import Metric

logger = logging.getLogger(__name__)

READABLE = 0o644
"""node_exporter is another user; all else that harvester makes is private."""

INTERVAL = 10.0
"""Seconds between two writings; Prometheus looks every 15 to 60."""


@dataclass(frozen=True)
class Snapshot:
    """The numbers of one moment; `owed` is None where the catalogue gave no answer, `exitcode` while the run lasts."""

    labels: Mapping[str, str]
    stats: Mapping[str, Any]
    began: float
    owed: int | None
    exitcode: int | None = None

    def collect(self) -> "Iterator[Metric]":
        """Called by prometheus_client."""
        yield self._gauge("harvester_run_start_time_seconds", "When the run began, in Unix time.", self.began)
        if self.exitcode is not None:
            yield self._gauge("harvester_run_end_time_seconds", "When the run ended, in Unix time.", time.time())
            yield self._gauge("harvester_run_exit_code", "As of `scrapy crawl`; 0 is good.", self.exitcode)
        if self.owed is not None:
            yield self._gauge("harvester_images_owed", "Images of the collection that are still owed.", self.owed)
        images = {status: self.stats.get(f"harvester/{status}", 0) for status in ("done", "failed", "skipped")}
        yield self._family("harvester_run_images", "Images that this run settled.", "status", images)
        numbers = {name: value for name, value in self.stats.items() if isinstance(value, int | float)}
        yield self._family("scrapy_stats", "Scrapy's stats of this run, by their names.", "name", numbers)

    def _gauge(self, name: str, meaning: str, value: float) -> "Metric":
        from prometheus_client.core import GaugeMetricFamily

        family = GaugeMetricFamily(name, meaning, labels=list(self.labels))
        family.add_metric(list(self.labels.values()), value)
        return family

    def _family(self, name: str, meaning: str, label: str, values: Mapping[str, float]) -> "Metric":
        from prometheus_client.core import GaugeMetricFamily

        family = GaugeMetricFamily(name, meaning, labels=[*self.labels, label])
        for which, value in sorted(values.items()):
            family.add_metric([*self.labels.values(), which], value)
        return family


class Metrics:
    """Writes one file per collection, now and then and at the end, always whole."""

    def __init__(self, crawler: Crawler, folder: Path) -> None:
        collection = cast("Harvesting", crawler.spider).collection
        lock = Places.from_settings(crawler.settings).lock_of(collection)
        self._path = folder / f"harvester-{lock.stem}.prom"
        self._labels = {"spider": crawler.spidercls.name, "collection": collection.directory}
        self._crawler = crawler
        self._began = time.time()
        self._task: asyncio.Task[None] | None = None
        self._writing = threading.Lock()
        self._has_ended = False

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Off where HARVESTER_METRICS_DIR is empty."""
        if not crawler.settings["HARVESTER_METRICS_DIR"]:
            raise NotConfigured
        metrics = cls(crawler, Path(crawler.settings["HARVESTER_METRICS_DIR"]).expanduser())
        crawler.signals.connect(metrics.spider_opened, signal=signals.spider_opened)
        crawler.signals.connect(metrics.spider_closed, signal=signals.spider_closed)
        crawler.signals.connect(metrics.run_ended, signal=run_ended)
        return metrics

    def spider_opened(self) -> None:
        """Begin to write."""
        self._task = asyncio.ensure_future(self._run())

    def spider_closed(self) -> None:
        """The last writing follows when the books are closed."""
        if self._task:
            self._task.cancel()

    def run_ended(self, exitcode: int) -> None:
        """The last writing. Blocks."""
        ledger, owed = Ledger.of(self._crawler), None
        with suppress(CatalogueError), told_plainly(ledger.engine), ledger.engine.connect() as connection:
            owed = queries.owed_count(connection, ledger.row)
        self._write(self._snapshot(owed, exitcode))

    async def _run(self) -> None:
        while True:
            owed = None
            with suppress(CatalogueError):  # which ends the run elsewhere
                owed = await Ledger.of(self._crawler).ask(queries.owed_count)
            await asyncio.get_running_loop().run_in_executor(None, self._write, self._snapshot(owed))
            await asyncio.sleep(INTERVAL)

    def _snapshot(self, owed: int | None, exitcode: int | None = None) -> Snapshot:
        assert self._crawler.stats is not None
        return Snapshot(self._labels, dict(self._crawler.stats.get_stats()), self._began, owed, exitcode)

    def _write(self, snapshot: Snapshot) -> None:
        from prometheus_client import write_to_textfile

        unfinished = self._path.with_suffix(".part")
        with self._writing:
            if self._has_ended and snapshot.exitcode is None:  # it was under way when the run ended
                return
            self._has_ended = snapshot.exitcode is not None
            try:
                write_to_textfile(str(unfinished), snapshot)
                unfinished.chmod(READABLE)
                unfinished.replace(self._path)
            except OSError as error:
                logger.warning("%s cannot be written: %s", self._path, error.strerror)
