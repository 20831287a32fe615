"""What the HTTP cache keeps: pages and API answers. Never an image body, an error, a half answer, or a key."""

from scrapy import Request
from scrapy.extensions.httpcache import DummyPolicy
from scrapy.http import Response

from harvester.crawl.http.credentials import find_secrets
from harvester.crawl.http.responses import PAGE_STATUS
from harvester.parsing.responses import PageStatus

TEXT_CONTENT_TYPES = (
    "text/",
    "application/json",
    "application/xml",
    "application/xhtml+xml",
    "application/activity+json",
)


class PagesOnlyCachePolicy(DummyPolicy):
    """Keeps answers to requests whose meta says `page`, where they are good (200), whole, text, and say no secret.

    Block pages never come here: they are taken out on the way. Of what the site classifies only OK is kept.
    """

    def should_cache_request(self, request: Request) -> bool:
        """Whether this request may be answered from the cache, and its answer stored."""
        return bool(request.meta.get("page")) and request.method == "GET"

    def should_cache_response(self, response: Response, request: Request) -> bool:
        """Whether this answer may be stored."""
        content_type = (response.headers.get("Content-Type") or b"").decode("latin-1").strip().lower()
        is_complete = "partial" not in response.flags and "dataloss" not in response.flags
        is_ok = request.meta.get(PAGE_STATUS, PageStatus.OK) is PageStatus.OK
        return (
            response.status == 200
            and is_complete
            and is_ok
            and content_type.startswith(TEXT_CONTENT_TYPES)
            and not self._has_secret(response, request)
        )

    @staticmethod
    def _has_secret(response: Response, request: Request) -> bool:
        content = response.body + response.headers.to_string()
        return any(secret in content for secret in find_secrets(request))
