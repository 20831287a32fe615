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
from tests.dataset import rows
from tests.farsite.process import HOSTS, running
from tests.watch import Watch

VERSION = "13.0.0"
SHA256 = "cdcd1ba258178f7356d74170c9a81ba4eab6a5d55748bc402a5a2a6fe6be3510"
LEAST = 1000
"""Files; a distribution with fewer is not the one that is meant."""

_CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "harvester-tests"


class NoCorpus(Exception):
    """The distribution cannot be had; its text says why."""


@dataclass
class Figures:
    """What came of the files: numbers by reason (`done` for stored), peaks in MB, the longest stall in ms."""

    files: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    undecided: int = 0
    crawl: float = 0.0
    worker: float = 0.0
    stall: float = 0.0
    code: int = 0
    said: str = ""

    def __str__(self) -> str:
        refused = ", ".join(f"{number} {reason}" for reason, number in self.outcomes.most_common() if reason != "done")
        return (
            f"Pillow {VERSION}, Tests/images: {self.files:,} files, {self.outcomes['done']:,} stored; "
            f"refused: {refused};\npeak RSS of the crawl {self.crawl:.0f} MB, of the largest worker "
            f"{self.worker:.0f} MB; longest stall of the event loop {self.stall:.0f} ms"
        )


def folder() -> Path:
    """The images of the distribution, unpacked. Raises NoCorpus."""
    found = _CACHE / f"pillow-{VERSION}-{SHA256[:8]}"
    if not found.is_dir():
        _CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=_CACHE) as unfinished:
            _unpack(_downloaded(Path(unfinished)), Path(unfinished))
            with contextlib.suppress(OSError):  # another test process was faster
                next(Path(unfinished).glob("*/Tests/images")).rename(found)
    return found


def _downloaded(into: Path) -> Path:
    """By pip, whose index and certificates are the user's; it prepares the metadata too, which takes half a minute."""
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:", "--dest", str(into)]
    done = subprocess.run([*pip, f"pillow=={VERSION}"], capture_output=True, text=True, check=False)
    archive = into / f"pillow-{VERSION}.tar.gz"
    if done.returncode or not archive.is_file():
        raise NoCorpus(f"pip cannot download pillow=={VERSION}: {done.stderr.strip()[-500:]}")
    with archive.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != SHA256:
        raise NoCorpus(f"{archive.name} has the sha256 {found}, not {SHA256}")
    return archive


def _unpack(archive: Path, into: Path) -> None:
    with tarfile.open(archive) as packed:
        members = [member for member in packed if "/Tests/images/" in member.name and member.isfile()]
        packed.extractall(into, members, filter="data")


def harvest(files: Path, data: Path) -> Figures:
    """Serve the files and harvest them as a feed of Civitai's, with everything that is made of a picture."""
    late = data.parent / "late.json"
    settings = {
        "EXTENSIONS": json.dumps(EXTENSIONS | {"benchmarks.heartbeat.Heartbeat": 50}),
        "HEARTBEAT_FILE": str(late),
        "IMAGES_THUMBS": json.dumps({"small": [200, 200]}),
        "AUTOTHROTTLE_ENABLED": "0",
        "DOWNLOAD_TIMEOUT": "60",
    }
    words = [word for name, value in settings.items() for word in ("-s", f"{name}={value}")]
    figures = Figures()
    with running(HOSTS[:1], "--corpus", str(files)) as site:
        commands = Commands(data, {"CIVITAI_BASE_URL": site.url("")})
        run = commands.start("crawl", "civitai", *words, "-a", "min_count=-1")
        with Watch(run.pid) as watch:
            _, figures.said = run.communicate()
    figures.code = run.returncode
    figures.crawl, figures.worker = watch.own, watch.child
    if figures.code:
        return figures
    figures.stall = max(json.loads(late.read_text()))
    for status, reason, number in rows(data, "SELECT status, reason, count(*) FROM images GROUP BY 1, 2"):
        figures.files += number
        figures.outcomes[reason or status] += number
        figures.undecided += number * (status == "pending")
    return figures


def main() -> int:
    """Print the figures."""
    with tempfile.TemporaryDirectory() as place:
        figures = harvest(folder(), Path(place, "data"))
    print(figures if figures.code == 0 else figures.said)
    return int(figures.code != 0 or figures.undecided > 0)


if __name__ == "__main__":
    sys.exit(main())
