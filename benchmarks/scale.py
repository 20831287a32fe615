"""`make bench-scale`: a data set of a million URLs against the loopback server; is the start quick, the memory flat?

    python -m benchmarks.scale [--urls 1000000] [--seconds 120]

Prints resident memory and images every 10 seconds, then when the first image was asked for.
"""

import argparse
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.farsite.process import Farsite, run_farsite

ROOT = Path(__file__).parent.parent
PER_POST, PER_USER = 4, 200


def main() -> int:
    """Exit code 1 when the crawl ended with an error."""
    options = _options()
    with tempfile.TemporaryDirectory() as folder, run_farsite() as site:
        print(f"writing a data set of {options.urls:,} URLs …", flush=True)
        arguments = _write_data_set(Path(folder), site, options.urls)
        return _watch(arguments, Path(folder, "data"), site, options.seconds)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--urls", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=int, default=120)
    return parser.parse_args()


def _write_data_set(folder: Path, site: Farsite, urls: int) -> list[str]:
    posts, accounts = folder / "user_posts.json", folder / "accounts.csv"
    with posts.open("w", encoding="utf-8") as file, accounts.open("w", encoding="utf-8") as table:
        file.write("{")
        table.write("acct\n")
        for user, start in enumerate(range(0, urls, PER_USER)):
            acct = f"user{user}@host{user % 3}.example"
            host = f"127.0.0.{1 + user % 3}"
            user_urls = [
                site.url(f"/numbered/{number}.jpg", host) for number in range(start, min(start + PER_USER, urls))
            ]
            of_user = [
                {"index": index, "image_urls": user_urls[first : first + PER_POST]}
                for index, first in enumerate(range(0, len(user_urls), PER_POST))
            ]
            file.write(f"{',' if user else ''}\n{json.dumps(acct)}: {json.dumps(of_user)}")
            table.write(acct + "\n")
        file.write("}")
    return ["-a", f"posts={posts}", "-a", f"accounts={accounts}"]


def _watch(arguments: list[str], data: Path, site: Farsite, seconds: int) -> int:
    command = [sys.executable, "-m", "scrapy", "crawl", "mastodon", *arguments, "--nolog"]
    environment = os.environ | {"HARVESTER_DATA_DIR": str(data), "HARVESTER_ALLOW_NETWORKS": "127.0.0.0/8"}
    started = time.monotonic()
    print(f"{'second':>8} {'RSS MB':>8} {'requests':>10}")
    with subprocess.Popen(command, cwd=ROOT, env=environment) as crawl:
        first = _first_request(site, started, seconds)
        while crawl.poll() is None and time.monotonic() - started < seconds:
            time.sleep(10)
            print(f"{time.monotonic() - started:8.0f} {_rss(crawl.pid):8.0f} {_request_count(site):10,}", flush=True)
        crawl.send_signal(signal.SIGINT)
        code = crawl.wait()
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"first image asked for {first or 0:.1f} s after the start")
    print(f"peak RSS {peak:.0f} MB, the status file of the whole data set written; exit code {code}")
    return int(code != 0)


def _rss(pid: int) -> float:
    """Resident memory in MB, from /proc."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    return next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmRSS"))


def _request_count(site: Farsite) -> int:
    return int(site.counts()["requests"])


def _first_request(site: Farsite, started: float, seconds: int) -> float | None:
    """Seconds until an image was asked for; robots.txt of the three hosts comes before."""
    while time.monotonic() - started < seconds:
        if site.counts()["paths"].get("/numbered/*"):
            return time.monotonic() - started
        time.sleep(0.05)
    return None


if __name__ == "__main__":
    sys.exit(main())
