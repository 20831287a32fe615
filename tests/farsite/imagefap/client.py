"""One imagefap on farsite as a test sees it: its options, its counts, its pages."""

import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any

from harvester.sites.pages import Answer
from tests.farsite.process import Farsite

_ask = urllib.request.build_opener(urllib.request.ProxyHandler({})).open


@dataclass(frozen=True)
class Imagefap:
    """A site of that name; sites of different names share nothing but their pictures."""

    farsite: Farsite
    name: str

    @property
    def base(self) -> str:
        """What IMAGEFAP_BASE_URL is set to."""
        return self.farsite.url(f"/imagefap/{self.name}")

    def begin(self, **options: Any) -> "Imagefap":
        """Set all options and forget what was counted; returns itself."""
        return self._tell("PUT", options)

    def change(self, **options: Any) -> "Imagefap":
        """Set some options, lift every block, keep the counts; returns itself."""
        return self._tell("POST", options)

    def counts(self) -> dict[str, Any]:
        """`pages`, `paths`, `files`, `blocked`."""
        with _ask(self._control) as answer:
            counts: dict[str, Any] = json.load(answer)
        return counts

    def get(self, address: str) -> Answer:
        """The answer to an address, redirects followed."""
        try:
            with _ask(address) as answer:
                return Answer(answer.url, answer.status, {}, answer.read())
        except urllib.error.HTTPError as error:
            return Answer(error.url, error.code, {}, error.read())

    @property
    def _control(self) -> str:
        return self.farsite.url(f"/_imagefap/{self.name}")

    def _tell(self, method: str, options: dict[str, Any]) -> "Imagefap":
        told = json.dumps(options).encode()
        _ask(urllib.request.Request(self._control, told, {"Content-Type": "application/json"}, method=method)).close()
        return self
