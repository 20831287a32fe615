"""Who runs in `make bench`: the command of each contender, what it needs, where its pictures come to lie."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from benchmarks import own_crawl
from benchmarks.measure import ROOT
from benchmarks.venvs import binaries

PICTURES = {".jpg", ".jpeg", ".png", ".gif"}
HARVESTER = "ours"


@dataclass(frozen=True)
class Job:
    """What is to be downloaded, as a list and as a data set, and where to. `out` does not exist yet."""

    urls: Path
    data_set: Sequence[str]
    out: Path


@dataclass(frozen=True)
class Contender:
    """`packages` go into an environment of its own; without them it runs in one with what harvester needs to run.

    What the tests need is not there, because it makes Scrapy's start slower. `command` gets the `bin` folder.

    `does` says what it does with a picture; `pictures` is the folder below `out` in which they are counted.
    """

    name: str
    does: str
    command: Callable[[Job, Path], Sequence[str]]
    packages: tuple[str, ...] = ()
    pictures: str = ""

    def prepare(self) -> Path:
        """Make the environment where it is missing; returns its `bin` folder. Raises NotInstalled."""
        return binaries(self.name.split()[0], self.packages) if self.packages else binaries("harvester", _required())

    def count(self, out: Path) -> int:
        """How many pictures it left behind."""
        return sum(path.suffix in PICTURES for path in (out / self.pictures).rglob("*"))


def _required() -> list[str]:
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def _harvester(**settings: int) -> Callable[[Job, Path], Sequence[str]]:
    return lambda job, bin: own_crawl.crawl_command(job.data_set, job.out, bin / "python", **settings)


def _module(name: str, *arguments: str) -> Callable[[Job, Path], Sequence[str]]:
    return lambda job, bin: [f"{bin}/python", "-m", f"benchmarks.peers.{name}", *arguments, str(job.urls), str(job.out)]


def _seed(job: Job, bin: Path) -> Sequence[str]:
    script = Path(__file__).parent / "peers/seed.py"
    return [f"{bin}/python", str(script), str(job.urls), str(job.out)]


def _gallery_dl(job: Job, bin: Path) -> Sequence[str]:
    sleep_options = [word for kind in ("", "-request", "-extractor") for word in (f"--sleep{kind}", "0")]
    output_options = ["--directory", str(job.out), "--filename", "/O", "--input-file", str(job.urls)]
    return [f"{bin}/gallery-dl", "--config-ignore", "--quiet", "--no-part", *sleep_options, *output_options]


def _img2dataset(*more: str) -> Callable[[Job, Path], Sequence[str]]:
    shape = ["--output_format=files", "--resize_mode=no", "--compute_hash=None", "--verify_hash=None"]
    pace = ["--processes_count=2", "--thread_count=16", "--number_sample_per_shard=250"]
    return lambda job, bin: [
        *(f"{bin}/img2dataset", f"--url_list={job.urls}", f"--output_folder={job.out}"),
        *(*shape, *pace, *more),
    ]


_GALLERY_DL, _IMG2DATASET = ("gallery-dl==1.32.18",), ("img2dataset==1.47.0",)
_SEED = ("requests==2.34.2", f"Pillow=={version('pillow')}")

CONTENDERS = (
    Contender(HARVESTER, "all", _harvester(), pictures="images"),
    Contender("unthrottled", "all, AutoThrottle off", _harvester(AUTOTHROTTLE_ENABLED=0), pictures="images"),
    Contender("limit", "all but catalogue and status", _module("limit"), pictures="images"),
    Contender("images", "Scrapy's ImagesPipeline: decode, encode", _module("stock", "images")),
    Contender("seed", "requests, 20 threads: decode, encode", _seed, _SEED),
    Contender("img2dataset", "2 processes: decode, encode", _img2dataset(), _IMG2DATASET),
    Contender("files", "Scrapy's FilesPipeline: raw bytes", _module("stock", "files")),
    Contender("gallery-dl", "raw bytes, one connection", _gallery_dl, _GALLERY_DL),
    Contender("img2dataset raw", "raw bytes, 2 processes", _img2dataset("--disable_all_reencoding"), _IMG2DATASET),
)
