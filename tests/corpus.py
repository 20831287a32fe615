"""`make corpus`: every picture of Pillow's own source distribution through the whole chain, and what came of it.

They are what a decade of reports of crashes, bombs and oddities left behind. The distribution is downloaded by pip to
the user's cache, checked, and never committed.
"""

import contextlib
import hashlib
import json
import os
import subprocess
import sys
import tarfile
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from harvester.settings import EXTENSIONS
from tests.conftest import Commands
from tests.dataset_files import rows
from tests.farsite.process import HOSTS, run_farsite
from tests.memory_watch import MemoryWatch

VERSION = "13.0.0"
SHA256 = "cdcd1ba258178f7356d74170c9a81ba4eab6a5d55748bc402a5a2a6fe6be3510"
MIN_FILES = 1000
"""Files; a distribution with fewer is not the one that is meant."""

_CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "harvester-tests"


class CorpusUnavailable(Exception):
    """The distribution cannot be had; its text says why."""


@dataclass
class CorpusResult:
    """What came of the files: numbers by reason (`done` for stored), peaks in MB, the longest stall in ms."""

    files: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    pending: int = 0
    crawl_mb: float = 0.0
    worker_mb: float = 0.0
    stall_ms: float = 0.0
    exit_code: int = 0
    output: str = ""

    def __str__(self) -> str:
        refused = ", ".join(f"{number} {reason}" for reason, number in self.outcomes.most_common() if reason != "done")
        return (
            f"Pillow {VERSION}, Tests/images: {self.files:,} files, {self.outcomes['done']:,} stored; "
            f"refused: {refused};\npeak RSS of the crawl {self.crawl_mb:.0f} MB, of the largest worker "
            f"{self.worker_mb:.0f} MB; longest stall of the event loop {self.stall_ms:.0f} ms"
        )


def corpus_folder() -> Path:
    """The images of the distribution, unpacked. Raises NoCorpus."""
    target = _CACHE / f"pillow-{VERSION}-{SHA256[:8]}"
    if not target.is_dir():
        _CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=_CACHE) as unfinished:
            _unpack(_download(Path(unfinished)), Path(unfinished))
            with contextlib.suppress(OSError):  # another test process was faster
                next(Path(unfinished).glob("*/Tests/images")).rename(target)
    return target


def _download(target: Path) -> Path:
    """By pip, whose index and certificates are the user's; it prepares the metadata too, which takes half a minute."""
    pip = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--quiet",
        "--no-deps",
        "--no-binary",
        ":all:",
        "--dest",
        str(target),
    ]
    done = subprocess.run([*pip, f"pillow=={VERSION}"], capture_output=True, text=True, check=False)
    archive = target / f"pillow-{VERSION}.tar.gz"
    if done.returncode or not archive.is_file():
        raise CorpusUnavailable(f"pip cannot download pillow=={VERSION}: {done.stderr.strip()[-500:]}")
    with archive.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    if sha256 != SHA256:
        raise CorpusUnavailable(f"{archive.name} has the sha256 {sha256}, not {SHA256}")
    return archive


def _unpack(archive: Path, target: Path) -> None:
    with tarfile.open(archive) as packed:
        members = [member for member in packed if "/Tests/images/" in member.name and member.isfile()]
        packed.extractall(target, members, filter="data")


def harvest_corpus(files: Path, data: Path) -> CorpusResult:
    """Serve the files and harvest them as a feed of Civitai's, with everything that is made of a picture."""
    stall_file = data.parent / "late.json"
    settings = {
        "EXTENSIONS": json.dumps(EXTENSIONS | {"benchmarks.heartbeat.Heartbeat": 50}),
        "HEARTBEAT_FILE": str(stall_file),
        "IMAGES_THUMBS": json.dumps({"small": [200, 200]}),
        "AUTOTHROTTLE_ENABLED": "0",
        "DOWNLOAD_TIMEOUT": "60",
    }
    options = [word for name, value in settings.items() for word in ("-s", f"{name}={value}")]
    result = CorpusResult()
    with run_farsite(HOSTS[:1], "--corpus", str(files)) as site:
        commands = Commands(data, {"CIVITAI_BASE_URL": site.url("")})
        run = commands.start("crawl", "civitai", *options, "-a", "min_count=-1")
        with MemoryWatch(run.pid) as watch:
            _, result.output = run.communicate()
    result.exit_code = run.returncode
    result.crawl_mb, result.worker_mb = watch.process_peak, watch.child_peak
    if result.exit_code:
        return result
    result.stall_ms = max(json.loads(stall_file.read_text()))
    for status, reason, number in rows(data, "SELECT status, reason, count(*) FROM images GROUP BY 1, 2"):
        result.files += number
        result.outcomes[reason or status] += number
        result.pending += number * (status == "pending")
    return result


def main() -> int:
    """Print the figures."""
    with tempfile.TemporaryDirectory() as temporary:
        result = harvest_corpus(corpus_folder(), Path(temporary, "data"))
    print(result if result.exit_code == 0 else result.output)
    return int(result.exit_code != 0 or result.pending > 0)


if __name__ == "__main__":
    sys.exit(main())
