"""The limit: the same work per image as ours and nothing else. No catalogue, no log, no politeness, no Scrapy.

    python -m benchmarks.peers.bare_download URLS FOLDER

aiohttp downloads; a pool with a thread per core checks, converts, stores with fsync, names and hashes.
"""

import asyncio
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import aiohttp

from harvester.imaging.convert import process_image
from harvester.imaging.fingerprint import compute_hashes
from harvester.imaging.types import ConversionOptions
from harvester.storage.blobs import BlobStore, digest, link_output_file, write_output_file

CONCURRENCY = 20


class BareDownloader:
    """Downloads into `folder`: blobs and, beside them, named pictures."""

    def __init__(self, folder: Path) -> None:
        self._blobs = BlobStore(folder / "blobs")
        self._named = folder / "images"
        self._options = ConversionOptions()
        self._pool = ThreadPoolExecutor(len(os.sched_getaffinity(0)))
        self._slots = asyncio.Semaphore(CONCURRENCY)

    async def fetch_all(self, urls: list[str]) -> None:
        """Every URL, twenty at a time."""
        async with aiohttp.ClientSession() as session:
            await asyncio.gather(*(self._fetch(session, url, number) for number, url in enumerate(urls)))

    async def _fetch(self, session: aiohttp.ClientSession, url: str, number: int) -> None:
        async with self._slots:
            async with session.get(url) as answer:
                answer.raise_for_status()
                body = await answer.read()
            await asyncio.get_running_loop().run_in_executor(self._pool, self._process_and_store, body, f"0_{number}_0")

    def _process_and_store(self, body: bytes, stem: str) -> None:
        done = process_image(body, self._options)
        blob = self._blobs.put(digest(body), done.facts.ext, body)
        file = self._named / f"{stem}.{done.rendition_ext}"
        if done.rendition is None:
            link_output_file(file, blob, body)
        else:
            write_output_file(file, done.rendition)
        compute_hashes(done.plane)


def main(urls: str, folder: str) -> None:
    """Run to the end; any failure ends it with a traceback."""
    asyncio.run(BareDownloader(Path(folder)).fetch_all(Path(urls).read_text().split()))


if __name__ == "__main__":
    main(*sys.argv[1:])
