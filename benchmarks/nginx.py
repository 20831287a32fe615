"""nginx on loopback as a child process, for as long as a benchmark lasts: `with serving(folder) as url: …`."""

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

_CONFIGURATION = """
{user}
worker_processes 1;
daemon off;
pid {prefix}/nginx.pid;
error_log {prefix}/error.log;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    sendfile on;
    tcp_nopush on;
    keepalive_requests 1000000;
    types {{ image/jpeg jpg; image/png png; image/gif gif; }}
    client_body_temp_path {prefix}/body;
    proxy_temp_path {prefix}/proxy;
    fastcgi_temp_path {prefix}/fastcgi;
    uwsgi_temp_path {prefix}/uwsgi;
    scgi_temp_path {prefix}/scgi;
    server {{ listen 127.0.0.1:{port}; root "{folder}"; }}
}}
"""


@contextlib.contextmanager
def serving(folder: Path) -> Iterator[Callable[[str], str]]:
    """Serve the files of a folder; gives a function from file name to URL. There is no robots.txt: 404."""
    program = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if program is None:
        raise SystemExit("nginx is not installed: make nginx")
    port = _free_port()
    with tempfile.TemporaryDirectory(prefix="harvester-nginx-") as prefix:
        configuration = _write(Path(prefix), folder, port)
        command = [program, "-p", prefix, "-c", str(configuration), "-e", f"{prefix}/error.log"]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
            try:
                _wait(server, port, Path(prefix, "error.log"))
                yield lambda name: f"http://127.0.0.1:{port}/{name}"
            finally:
                server.terminate()
                server.wait(10)


def _write(prefix: Path, folder: Path, port: int) -> Path:
    # Started by root, the worker would become somebody who may not be allowed to read the folder.
    user = "user root;" if os.geteuid() == 0 else ""
    configuration = prefix / "nginx.conf"
    text = _CONFIGURATION.format(user=user, prefix=prefix, port=port, folder=folder.absolute())
    configuration.write_text(text, encoding="utf-8")
    return configuration


def _wait(server: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + 10
    while server.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.02)
    raise RuntimeError(f"nginx does not answer: {log.read_text() if log.exists() else 'it wrote no log'}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
