"""Policy of the HTTP cache: store pages and API responses, never image bodies, errors, partial responses or keys."""

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
    """Caches responses to requests with `page` in their meta: status 200, complete, text, without secrets.

    Block pages never reach the cache. If the site classifies its pages, only those with PageStatus.OK are stored.
    """

    def should_cache_request(self, request: Request) -> bool:
        """Whether this request may be answered from the cache and its response stored."""
        return bool(request.meta.get("page")) and request.method == "GET"

    def should_cache_response(self, response: Response, request: Request) -> bool:
        """Whether this response may be stored."""
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
