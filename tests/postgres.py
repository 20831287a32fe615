"""A PostgreSQL server of our own on loopback, for tests: Debian's package, started in a folder of its own."""

import contextlib
import itertools
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Postgres:
    """A running server."""

    port: int
    binaries: Path
    _names: Iterator[int] = field(default_factory=itertools.count)

    def new_database(self) -> str:
        """The SQLAlchemy URL of a fresh, empty database."""
        name = f"harvester{next(self._names)}"
        createdb = [str(self.binaries / "createdb"), "-h", "127.0.0.1", "-p", str(self.port), "-U", "tester", name]
        subprocess.run(createdb, check=True, capture_output=True)
        return f"postgresql+pg8000://tester@127.0.0.1:{self.port}/{name}"


@contextlib.contextmanager
def run_postgres() -> Iterator[Postgres]:
    """Start a server, wait until it answers, stop it at the end. PostgreSQL refuses to run as root."""
    binaries = max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name))
    folder = Path(tempfile.mkdtemp(prefix="harvester-pg-"))
    as_user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    if as_user:
        shutil.chown(folder, "postgres")
    data, port = folder / "data", _free_port()
    _run([*as_user, str(binaries / "initdb"), "-D", str(data), "-U", "tester", "-A", "trust", "-E", "UTF8"], folder)
    options = ["-p", str(port), "-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={folder}"]
    server = subprocess.Popen(
        [*as_user, str(binaries / "postgres"), "-D", str(data), *options, "-c", "fsync=off"],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_until_ready(binaries, port)
        yield Postgres(port, binaries)
    finally:
        server.terminate()
        server.wait(20)
        shutil.rmtree(folder)


def _run(command: Sequence[str], folder: Path) -> None:
    subprocess.run(command, cwd=folder, check=True, capture_output=True)


def _wait_until_ready(binaries: Path, port: int) -> None:
    deadline = time.monotonic() + 30
    while subprocess.run(
        [str(binaries / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port)], check=False
    ).returncode:
        if time.monotonic() > deadline:
            raise TimeoutError("PostgreSQL does not answer after 30 seconds")
        time.sleep(0.1)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
