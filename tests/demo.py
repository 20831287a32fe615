"""`make demo`: starts the loopback sites, harvests them into demo-data/, shows what came of it and where to look."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests import dataset_files as dataset
from tests.farsite import civitai
from tests.farsite.imagefap.client import Imagefap
from tests.farsite.pictures import KINDS
from tests.farsite.process import Farsite, run_farsite

ROOT = Path(__file__).parent.parent
DATA = ROOT / "demo-data"

NEXT_STEPS = """
Look at the results:
  demo-data/report.html            everything on one page, for a browser
  demo-data/images/mastodon/       the images, {userIndex}_{postIndex}_{urlIndex}.jpg, upright JPEGs, RGB or grey
  demo-data/images/hills/          the images of a hashtag from Mastodon's API, with user_posts.json and accounts.csv
  demo-data/images/civitai/        the images by model, <id>.jpg or .png, with <id>.json and the prompt in <id>.txt
  demo-data/favourites/            a folder of imagefap under the uploaders' names, and nothing else
  demo-data/thumbs/280/            thumbnails of imagefap's images; its albums are in the catalogue
  demo-data/blobs/                 the original bytes, named after their sha256
  demo-data/download_status.json   what became of every URL, in the format of the data set
  demo-data/image_download.log     one line per image, then the summary
  demo-data/items.jsonl            the feed: one line of JSON per image, with hashes, sizes and reasons
  demo-data/catalogue.db           the catalogue; query it with SQL: docs/catalogue.md

Try next:
  export HARVESTER_DATA_DIR=demo-data
  .venv/bin/scrapy status; .venv/bin/scrapy stats
  .venv/bin/scrapy dedupe
  .venv/bin/scrapy export files --to demo-export --image jpeg --resize 800
"""


def main() -> int:
    """Exit code 0 when all went as it should."""
    shutil.rmtree(DATA, ignore_errors=True)
    with run_farsite() as site:
        files = dataset.write(DATA / "input", _posts(site))
        print(f"A Mastodon data set of {site.url('')} is in {files.posts.parent.relative_to(ROOT)}/. Crawling it:\n")
        _scrapy("crawl", "mastodon", *files.arguments, "-O", str(DATA / "items.jsonl"), "-s", "DOWNLOAD_TIMEOUT=3")
        request_count = site.counts()["requests"]
        print(
            "\nThe same command again requests nothing that is done. "
            f"(The site has had {request_count} requests so far.)\n"
        )
        _scrapy("crawl", "mastodon", *files.arguments, "-s", "DOWNLOAD_TIMEOUT=3", "-a", "retry=none")
        print(f"\nThe second run made {site.counts()['requests'] - request_count} requests.")
        print(f"\nMastodon's API at {site.url('')}: twelve posts of a hashtag become another data set.\n")
        output = DATA / "images/hills"
        arguments = (f"instance={site.url('/m/mastodon')}", "hashtag=hills", "max_posts=12", f"output={output}")
        _scrapy("crawl", "mastodon", *(word for argument in arguments for word in ("-a", argument)))
        print(f"\nNow {site.url('')} imitates Civitai: of {civitai.ITEM_COUNT:,} items, those above 10 hearts.\n")
        at_home = ("-s", f"CIVITAI_BASE_URL={site.url('')}", "-s", "AUTOTHROTTLE_START_DELAY=0.1")
        _scrapy("crawl", "civitai", "-a", "layout=model", *at_home)
        favourites = Imagefap(site, "demo").reset()
        print(f"\nNow {site.url('')} imitates imagefap: all favourites of alice, then one folder into files.\n")
        at_home = ("-s", f"IMAGEFAP_BASE_URL={favourites.base}", "-s", "AUTOTHROTTLE_START_DELAY=0.1")
        _scrapy("crawl", "imagefap", "-a", "user=alice", *at_home)
        saving = ("-a", "mode=get", "-a", "folder=rock & roll posters", "-a", f"output={DATA / 'favourites'}")
        _scrapy("crawl", "imagefap", "-a", "user=alice", "-a", "db=0", *saving, *at_home)
    _scrapy("status", expected=1)
    _scrapy("report", "--to", str(DATA / "report.html"))
    print(NEXT_STEPS)
    return 0


def _posts(site: Farsite) -> dataset.Posts:
    photos = [site.url(f"/photo/{number}.jpg", f"127.0.0.{1 + number % 3}") for number in range(60)]
    return {
        "anna@photos.example": [(index, photos[3 * index : 3 * index + 3]) for index in range(20)],
        "bert@formats.example": [(index, [site.url(f"/kind/{kind}")]) for index, kind in enumerate(KINDS)],
        "carl@trouble.example": [
            (0, [site.url("/status/404"), site.url("/status/503/1/jpeg-rgb.jpg"), site.url("/html-200")]),
            (1, [site.url("/slow/9/jpeg-rgb.jpg"), site.url("/cut/jpeg-rgb.jpg"), "http://nowhere.invalid/a.jpg"]),
            (2, [site.url("/redirect/2/png-rgba.png"), site.url("/forbidden/jpeg-rgb.jpg"), "ftp://old.example/a.gif"]),
        ],
    }


def _scrapy(*arguments: str, expected: int = 0) -> None:
    environment = os.environ | {"HARVESTER_DATA_DIR": str(DATA), "HARVESTER_ALLOW_NETWORKS": "127.0.0.0/8"}
    done = subprocess.run([sys.executable, "-m", "scrapy", *arguments], cwd=ROOT, env=environment, check=False)
    if done.returncode != expected:
        sys.exit(f"scrapy {' '.join(arguments)} ended with exit code {done.returncode}.")


if __name__ == "__main__":
    sys.exit(main())
