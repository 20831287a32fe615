"""Run farsite: `python -m tests.farsite [--port 0] [--hosts 127.0.0.1,127.0.0.2] [--port-file FILE] [--tls]`."""

import argparse
import asyncio
import contextlib
import errno
import signal
import socket
import ssl
from pathlib import Path

from aiohttp import web

from tests.farsite.server import make_app
from tests.farsite.tls import server_context

_HOSTS = "127.0.0.1,127.0.0.2,127.0.0.3,127.0.0.4,127.0.0.5"
_BACKLOG = 1024
_ATTEMPTS = 20


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(prog="python -m tests.farsite", description="A loopback server with pictures.")
    parser.add_argument("--port", type=int, default=0, help="0 picks a free port")
    parser.add_argument("--hosts", default=_HOSTS, help="loopback addresses, separated by commas")
    parser.add_argument("--port-file", type=Path, help="file that gets the port number once the server listens")
    parser.add_argument("--tls", action="store_true", help="speak https, with a certificate nobody vouches for")
    parser.add_argument("--corpus", type=Path, help="folder of files to be served as they are")
    options = parser.parse_args()
    hosts = options.hosts.split(",")
    tls = server_context(hosts) if options.tls else None
    asyncio.run(_serve(_open_sockets(hosts, options.port), make_app(options.corpus), options.port_file, tls))


def _open_sockets(hosts: list[str], port: int) -> list[socket.socket]:
    """One socket per host, all on the same port; tries other free ports when one host has it in use."""
    for attempt in range(_ATTEMPTS):
        with contextlib.ExitStack() as opened:
            try:
                sockets = _bind_sockets(opened, hosts, port)
            except OSError as error:
                if error.errno != errno.EADDRINUSE or port or attempt == _ATTEMPTS - 1:
                    raise
                continue
            opened.pop_all()
            return sockets
    raise AssertionError("the last attempt raises or returns")


def _bind_sockets(opened: contextlib.ExitStack, hosts: list[str], port: int) -> list[socket.socket]:
    sockets: list[socket.socket] = []
    for host in hosts:
        sockets.append(opened.enter_context(socket.create_server((host, port), backlog=_BACKLOG)))
        port = sockets[0].getsockname()[1]
    return sockets


async def _serve(
    sockets: list[socket.socket], app: web.Application, port_file: Path | None, tls: ssl.SSLContext | None
) -> None:
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.5)
    await runner.setup()
    for listener in sockets:
        await web.SockSite(runner, listener, backlog=_BACKLOG, ssl_context=tls).start()
    stop = asyncio.Event()
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(signal_number, stop.set)
    _announce(sockets[0].getsockname(), port_file)
    await stop.wait()
    await runner.cleanup()


def _announce(address: tuple[str, int], port_file: Path | None) -> None:
    host, port = address
    if port_file:
        unfinished = port_file.with_name(port_file.name + ".new")
        unfinished.write_text(str(port))
        unfinished.replace(port_file)
    print(f"farsite listens on http://{host}:{port}", flush=True)


if __name__ == "__main__":
    main()
