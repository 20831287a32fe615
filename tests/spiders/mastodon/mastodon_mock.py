"""`mastodon_mock` from PyPI as a child process: a server with Mastodon's API that nobody here wrote.

Its differences from Mastodon are listed in its own documentation and are hard cases, not the contract: its Link header
drops parameters, its hashtag timelines show posts without pictures, a GIF is `gifv` with its bytes untouched, the rate
reset is in seconds since 1970.
"""

import contextlib
import json
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from typing import Any

_TIMEOUT = 30.0
_ATTEMPTS = 5
_open_url = urllib.request.build_opener(urllib.request.ProxyHandler({})).open


@dataclass(frozen=True)
class MastodonMock:
    """A running server; its accounts are those it was started with, each signed in by the token `<name>_token`."""

    port: int

    @property
    def base(self) -> str:
        """Its base URL."""
        return f"http://127.0.0.1:{self.port}"

    def upload(self, account: str, name: str, body: bytes, kind: str, alt: str = "") -> str:
        """Upload a file; returns the id of the attachment."""
        boundary = token_hex(16)
        parts = [
            f'--{boundary}\r\nContent-Disposition: form-data; name="description"\r\n\r\n{alt}\r\n'.encode(),
            f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'.encode(),
            f"Content-Type: {kind}\r\n\r\n".encode() + body + f"\r\n--{boundary}--\r\n".encode(),
        ]
        content = f"multipart/form-data; boundary={boundary}"
        return str(self._post("/api/v2/media", account, b"".join(parts), content)["id"])

    def post(self, account: str, text: str, media: Sequence[str] = (), **parameters: str) -> dict[str, Any]:
        """Write a post with uploaded attachments; `more` are parameters of POST /api/v1/statuses."""
        values = [("status", text), *parameters.items(), *(("media_ids[]", ident) for ident in media)]
        form = urllib.parse.urlencode(values).encode()
        return self._post("/api/v1/statuses", account, form, "application/x-www-form-urlencoded")

    def boost(self, account: str, post: str) -> dict[str, Any]:
        """Boost a post by its id."""
        return self._post(f"/api/v1/statuses/{post}/reblog", account, b"", "application/x-www-form-urlencoded")

    def update_profile(self, account: str, **values: str) -> dict[str, Any]:
        """Change an account's profile, such as `note` or `indexable`."""
        form = urllib.parse.urlencode(values).encode()
        path = "/api/v1/accounts/update_credentials"
        return self._post(path, account, form, "application/x-www-form-urlencoded", "PATCH")

    def inject_fault(self, path: str, effect: Mapping[str, Any], count: int = 1) -> None:
        """The next `count` requests whose path matches the pattern go wrong; effects: status, ratelimit, malformed."""
        rule = {"match": {"path_regex": path, "methods": ["GET"]}, "effect": dict(effect), "count": count}
        self._post("/api/v1/_mock/faults", "", json.dumps(rule).encode(), "application/json")

    def _post(self, path: str, account: str, body: bytes, kind: str, method: str = "POST") -> dict[str, Any]:
        headers = {"Content-Type": kind} | ({"Authorization": f"Bearer {account}_token"} if account else {})
        request = urllib.request.Request(f"{self.base}{path}", body, headers, method=method)
        with _open_url(request, timeout=_TIMEOUT) as response:
            return dict(json.load(response))


@contextlib.contextmanager
def run_mock(accounts: Sequence[str]) -> Iterator[MastodonMock]:
    """Start a server with these accounts and no posts, wait until it answers, stop it at the end."""
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder, "config.toml")
        config.write_text(_config_text(accounts, Path(folder, "media")), encoding="utf-8")
        for attempt in range(_ATTEMPTS):
            port = _free_port()
            with _start_server(config, port) as child:
                if _is_ready(child, port):
                    yield MastodonMock(port)
                    return
            if attempt == _ATTEMPTS - 1:
                raise RuntimeError("mastodon_mock does not start")


@contextlib.contextmanager
def _start_server(config: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "mastodon_mock", "serve", "--config", str(config), "--host", "127.0.0.1"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen([*command, "--port", str(port)], cwd=config.parent, **quiet) as child:
        try:
            yield child
        finally:
            child.terminate()
            try:
                child.wait(5)
            except subprocess.TimeoutExpired:
                child.kill()


def _config_text(accounts: Sequence[str], media: Path) -> str:
    seed = (f'[[seed.accounts]]\nusername = "{name}"\naccess_token = "{name}_token"\n' for name in accounts)
    return f'media_storage_path = "{media}"\n[database]\npath = ":memory:"\n' + "".join(seed)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _is_ready(child: subprocess.Popen[bytes], port: int) -> bool:
    deadline = time.monotonic() + _TIMEOUT
    while time.monotonic() < deadline and child.poll() is None:
        with contextlib.suppress(urllib.error.URLError, ConnectionError):
            _open_url(f"http://127.0.0.1:{port}/api/v1/instance", timeout=_TIMEOUT).close()
            return True
        time.sleep(0.05)
    return False
