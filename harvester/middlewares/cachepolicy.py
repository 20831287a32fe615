"""What the HTTP cache keeps: pages and API answers. Never an image body, an error, a half answer, or a key."""

from scrapy import Request
from scrapy.extensions.httpcache import DummyPolicy
from scrapy.http import Response

from harvester.middlewares.classify import VERDICT
from harvester.middlewares.secrets import secrets_of
from harvester.sites.pages import Verdict

TEXT = ("text/", "application/json", "application/xml", "application/xhtml+xml", "application/activity+json")


class PagesOnly(DummyPolicy):
    """Keeps answers to requests whose meta says `page`, where they are good (200), whole, text, and say no secret.

    Block pages never come here: they are taken out on the way. Of what the site classifies only OK is kept.
    """

    def should_cache_request(self, request: Request) -> bool:
        """Whether this request may be answered from the cache, and its answer stored."""
        return bool(request.meta.get("page")) and request.method == "GET"

    def should_cache_response(self, response: Response, request: Request) -> bool:
        """Whether this answer may be stored."""
        kind = (response.headers.get("Content-Type") or b"").decode("latin-1").strip().lower()
        whole = "partial" not in response.flags and "dataloss" not in response.flags
        good = request.meta.get(VERDICT, Verdict.OK) is Verdict.OK
        return (
            response.status == 200 and whole and good and kind.startswith(TEXT) and not self._tells(response, request)
        )

    @staticmethod
    def _tells(response: Response, request: Request) -> bool:
        everything = response.body + response.headers.to_string()
        return any(secret in everything for secret in secrets_of(request))
