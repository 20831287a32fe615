"""One imagefap on farsite as a test sees it: its options, its counts, its pages."""

import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any

from harvester.parsing.responses import SiteResponse
from tests.farsite.process import Farsite

_open_url = urllib.request.build_opener(urllib.request.ProxyHandler({})).open


@dataclass(frozen=True)
class Imagefap:
    """A site of that name; sites of different names share nothing but their pictures."""

    farsite: Farsite
    name: str

    @property
    def base(self) -> str:
        """What IMAGEFAP_BASE_URL is set to."""
        return self.farsite.url(f"/imagefap/{self.name}")

    def reset(self, **options: Any) -> "Imagefap":
        """Set all options and forget what was counted; returns itself."""
        return self._send_options("PUT", options)

    def change(self, **options: Any) -> "Imagefap":
        """Set some options, lift every block, keep the counts; returns itself."""
        return self._send_options("POST", options)

    def counts(self) -> dict[str, Any]:
        """`pages`, `paths`, `files`, `blocked`."""
        with _open_url(self._control) as answer:
            counts: dict[str, Any] = json.load(answer)
        return counts

    def get(self, address: str) -> SiteResponse:
        """The answer to an address, redirects followed."""
        try:
            with _open_url(address) as answer:
                return SiteResponse(answer.url, answer.status, {}, answer.read())
        except urllib.error.HTTPError as error:
            return SiteResponse(error.url, error.code, {}, error.read())

    @property
    def _control(self) -> str:
        return self.farsite.url(f"/_imagefap/{self.name}")

    def _send_options(self, method: str, options: dict[str, Any]) -> "Imagefap":
        body = json.dumps(options).encode()
        _open_url(
            urllib.request.Request(self._control, body, {"Content-Type": "application/json"}, method=method)
        ).close()
        return self
