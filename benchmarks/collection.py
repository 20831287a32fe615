"""`make bench-stats`: what the commands over a whole collection take, on a made-up catalogue of a million images.

    python -m benchmarks.collection [--images 1000000] [--data DIR]

Prints wall and processor seconds, those until the first output, and peak memory of each command as a user would run it.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from multiprocessing import Process
from pathlib import Path

from benchmarks import large_catalogue
from benchmarks.measure import ROOT, environment

COMMANDS = (
    "stats",
    "tag list",
    "tag add Everything",
    "tag apply Everything --site mastodon",
    "tag apply Everything --site civitai",
    "tag apply Everything --site imagefap",
    "tag list",
    "tag clear Everything --site civitai",
    "tag undo",
    "tag delete Everything",
    "tag undo",
    "tag history",
    "show tags --csv",
    "show runs --csv",
    "show albums --csv",
    "show users --csv",
    "show groups --csv",
    "verdict",
    "show images --csv",
    "show images --json --author user7@example.social",
    "show images --csv --album 1000/500",
    "show images --csv --status failed",
    "show images --csv --site civitai --status pending",
    "show images --csv --tag Everything --status done",
    "remove album 1000/500 --dry-run",
    "remove site imagefap --dry-run",
    "remove site imagefap",
)


def main() -> int:
    """Exit code 1 when a command ended with an error."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--images", type=int, default=1_000_000)
    parser.add_argument("--data", type=Path, help="keep the collection there, and use one that is there")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        data = options.data or Path(folder)
        if not (data / "catalogue.db").exists():
            print(f"writing a catalogue of {options.images:,} images …", flush=True)
            writer = Process(
                target=large_catalogue.write, args=(data, options.images)
            )  # a child's peak counts its parent's
            writer.start()
            writer.join()
            if writer.exitcode:
                return 1
        print(f"{'first s':>8} {'wall s':>8} {'CPU s':>8} {'peak MB':>8}  command")
        return max(_time_command(words.split(), data) for words in COMMANDS)


def _time_command(words: list[str], data: Path) -> int:
    started = time.monotonic()
    command = [sys.executable, "-m", "scrapy", *words]
    settings = environment({"HARVESTER_DATA_DIR": str(data)})
    with subprocess.Popen(command, cwd=ROOT, env=settings, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.read(1)
        first = time.monotonic() - started
        while process.stdout.read(1 << 16):
            pass
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    wall, cpu = time.monotonic() - started, used.ru_utime + used.ru_stime
    figures = f"{first:8.2f} {wall:8.2f} {cpu:8.2f} {used.ru_maxrss / 1024:8.0f}"
    print(f"{figures}  scrapy {' '.join(words)}", flush=True)
    return int(process.returncode != 0)


if __name__ == "__main__":
    sys.exit(main())
