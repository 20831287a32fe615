"""Metrics file for Prometheus: the counts and Scrapy's stats of a run, for node_exporter's textfile collector.

It is a file rather than an HTTP endpoint because a crawl ends, and its last numbers are those that matter.
"""

import asyncio
import logging
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from scrapy import signals
from scrapy.crawler import Crawler
from scrapy.exceptions import NotConfigured

from harvester.catalogue import queries
from harvester.catalogue.db_errors import translate_db_errors
from harvester.crawl.contract import run_ended, spider_of
from harvester.crawl.run.session import CatalogueSession
from harvester.errors import CatalogueError
from harvester.storage.paths import DataPaths

if TYPE_CHECKING:
    from prometheus_client import Metric

logger = logging.getLogger(__name__)

METRICS_FILE_MODE = 0o644
"""Readable by node_exporter, which is another user; all other files that harvester makes are private."""

WRITE_INTERVAL = 10.0
"""Seconds between two writes; Prometheus reads every 15 to 60."""


@dataclass(frozen=True)
class MetricsSnapshot:
    """The metrics at one moment; `pending` is None if the catalogue gave no answer, `exitcode` while the run lasts."""

    labels: Mapping[str, str]
    stats: Mapping[str, Any]
    started_at: float
    pending: int | None
    exitcode: int | None = None

    def collect(self) -> "Iterator[Metric]":
        """Called by prometheus_client."""
        yield self._gauge("harvester_run_start_time_seconds", "When the run began, in Unix time.", self.started_at)
        if self.exitcode is not None:
            yield self._gauge("harvester_run_end_time_seconds", "When the run ended, in Unix time.", time.time())
            yield self._gauge("harvester_run_exit_code", "As of `scrapy crawl`; 0 is good.", self.exitcode)
        if self.pending is not None:
            yield self._gauge(
                "harvester_images_pending", "Images of the collection that are still pending.", self.pending
            )
        image_counts = {status: self.stats.get(f"harvester/{status}", 0) for status in ("done", "failed", "skipped")}
        yield self._family("harvester_run_images", "Images that this run finished.", "status", image_counts)
        numeric_stats = {name: value for name, value in self.stats.items() if isinstance(value, int | float)}
        yield self._family("scrapy_stats", "Scrapy's stats of this run, by their names.", "name", numeric_stats)

    def _gauge(self, name: str, help_text: str, value: float) -> "Metric":
        from prometheus_client.core import GaugeMetricFamily

        family = GaugeMetricFamily(name, help_text, labels=list(self.labels))
        family.add_metric(list(self.labels.values()), value)
        return family

    def _family(self, name: str, help_text: str, label: str, values: Mapping[str, float]) -> "Metric":
        from prometheus_client.core import GaugeMetricFamily

        family = GaugeMetricFamily(name, help_text, labels=[*self.labels, label])
        for label_value, value in sorted(values.items()):
            family.add_metric([*self.labels.values(), label_value], value)
        return family


class MetricsWriter:
    """Writes one file per collection, at intervals and at the end, always atomically."""

    def __init__(self, crawler: Crawler, folder: Path) -> None:
        collection = spider_of(crawler).collection
        lock_path = DataPaths.from_settings(crawler.settings).collection_lock(collection)
        self._path = folder / f"harvester-{lock_path.stem}.prom"
        self._labels = {"spider": crawler.spidercls.name, "collection": collection.directory}
        self._crawler = crawler
        self._started_at = time.time()
        self._task: asyncio.Task[None] | None = None
        self._write_lock = threading.Lock()
        self._has_ended = False

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Write metrics unless HARVESTER_METRICS_DIR is empty."""
        if not crawler.settings["HARVESTER_METRICS_DIR"]:
            raise NotConfigured
        writer = cls(crawler, Path(crawler.settings["HARVESTER_METRICS_DIR"]).expanduser())
        crawler.signals.connect(writer.spider_opened, signal=signals.spider_opened)
        crawler.signals.connect(writer.spider_closed, signal=signals.spider_closed)
        crawler.signals.connect(writer.run_ended, signal=run_ended)
        return writer

    def spider_opened(self) -> None:
        """Start writing at intervals."""
        self._task = asyncio.ensure_future(self._write_periodically())

    def spider_closed(self) -> None:
        """Stop writing at intervals; the last write follows when the run is finished."""
        if self._task:
            self._task.cancel()

    def run_ended(self, exitcode: int) -> None:
        """Write the file for the last time. Blocks."""
        session, pending = CatalogueSession.of(self._crawler), None
        with suppress(CatalogueError), translate_db_errors(session.engine), session.engine.connect() as connection:
            pending = queries.count_pending(connection, session.collection_id)
        self._write_file(self._make_snapshot(pending, exitcode))

    async def _write_periodically(self) -> None:
        while True:
            pending = None
            with suppress(CatalogueError):  # stops the run elsewhere
                pending = await CatalogueSession.of(self._crawler).read(queries.count_pending)
            await asyncio.get_running_loop().run_in_executor(None, self._write_file, self._make_snapshot(pending))
            await asyncio.sleep(WRITE_INTERVAL)

    def _make_snapshot(self, pending: int | None, exitcode: int | None = None) -> MetricsSnapshot:
        assert self._crawler.stats is not None
        return MetricsSnapshot(self._labels, dict(self._crawler.stats.get_stats()), self._started_at, pending, exitcode)

    def _write_file(self, snapshot: MetricsSnapshot) -> None:
        from prometheus_client import write_to_textfile

        part_path = self._path.with_suffix(".part")
        with self._write_lock:
            if self._has_ended and snapshot.exitcode is None:  # this write was under way when the run ended
                return
            self._has_ended = snapshot.exitcode is not None
            try:
                write_to_textfile(str(part_path), snapshot)
                part_path.chmod(METRICS_FILE_MODE)
                part_path.replace(self._path)
            except OSError as error:
                logger.warning("%s cannot be written: %s", self._path, error.strerror)
