"""What the HTTP cache keeps: pages and API answers. Never an image body, an error or a half answer."""

from scrapy import Request
from scrapy.extensions.httpcache import DummyPolicy
from scrapy.http import Response

TEXT = ("text/", "application/json", "application/xml", "application/xhtml+xml", "application/activity+json")


class PagesOnly(DummyPolicy):
    """Keeps answers that are good (200) and text; requests for images carry `dont_cache` besides."""

    def should_cache_response(self, response: Response, request: Request) -> bool:
        """Whether this answer may be stored."""
        kind = (response.headers.get("Content-Type") or b"").decode("latin-1").strip().lower()
        whole = "partial" not in response.flags and "dataloss" not in response.flags
        return response.status == 200 and whole and kind.startswith(TEXT)
