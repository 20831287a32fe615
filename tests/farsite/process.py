"""Farsite as a child process, for tests and benchmarks."""

import contextlib
import json
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).resolve().parents[2]
_TIMEOUT = 20.0
HOSTS = tuple(f"127.0.0.{number}" for number in range(1, 6))
"""The fourth has a robots.txt that answers 503, the fifth has none."""

_open_url = urllib.request.build_opener(
    urllib.request.ProxyHandler({}),
    urllib.request.HTTPSHandler(context=ssl._create_unverified_context()),
).open


@dataclass(frozen=True)
class Farsite:
    """A running server."""

    port: int
    scheme: str = "http"

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        """The address of a path such as `/kind/jpeg-rgb.jpg`."""
        return f"{self.scheme}://{host}:{self.port}/{path.lstrip('/')}"

    def log(self) -> list[dict[str, Any]]:
        """The last requests, oldest first; `at` is on the clock of `time.monotonic()`."""
        entries: list[dict[str, Any]] = self._json("/_log")
        return entries

    def counts(self) -> dict[str, Any]:
        """`requests`, `paths` and `peak_concurrency` (by Host header, so with the port)."""
        counts: dict[str, Any] = self._json("/_counts")
        return counts

    def clear(self) -> None:
        """Empty the log, the counters and what `/status/…` and `/retry-after/…` remember."""
        _open_url(urllib.request.Request(self.url("/_log"), method="DELETE"), timeout=_TIMEOUT).close()

    def _json(self, path: str) -> Any:
        with _open_url(self.url(path), timeout=_TIMEOUT) as response:
            return json.load(response)


@contextlib.contextmanager
def run_farsite(hosts: Sequence[str] = HOSTS, *options: str) -> Iterator[Farsite]:
    """Start farsite, wait until it listens, stop it at the end."""
    with tempfile.TemporaryDirectory() as folder:
        port_file = Path(folder, "port")
        command = [sys.executable, "-m", "tests.farsite", "--hosts", ",".join(hosts), "--port-file", str(port_file)]
        command += options
        with subprocess.Popen(command, cwd=_ROOT, stdout=subprocess.DEVNULL) as child:
            try:
                yield Farsite(_port_of(child, port_file), "https" if "--tls" in options else "http")
            finally:
                _stop(child)


def _port_of(child: subprocess.Popen[bytes], port_file: Path) -> int:
    deadline = time.monotonic() + _TIMEOUT
    while time.monotonic() < deadline:
        if port_file.exists():
            return int(port_file.read_text())
        if child.poll() is not None:
            raise RuntimeError(f"farsite ended with exit code {child.returncode} before it listened")
        time.sleep(0.02)
    raise TimeoutError(f"farsite does not listen after {_TIMEOUT:.0f} seconds")


def _stop(child: subprocess.Popen[bytes]) -> None:
    child.terminate()
    try:
        child.wait(5)
    except subprocess.TimeoutExpired:
        child.kill()
