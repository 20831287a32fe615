"""Middleware that retries temporary errors, each time after a longer wait."""

from typing import Any

from scrapy import Request
from scrapy.downloadermiddlewares.retry import RetryMiddleware
from scrapy.http import Response

from harvester.crawl.politeness.hosts import HostBackoffs


class HarvesterRetryMiddleware(RetryMiddleware):
    """Scrapy's middleware (RETRY_TIMES, RETRY_EXCEPTIONS, `dont_retry`); the host backs off before each retry.

    It retries the statuses 408 and 500 and above. 429 is left to BackoffMiddleware, which repeats without counting.
    """

    def process_response(self, request: Request, response: Response, spider: Any = None) -> Request | Response:
        """Retry after a server error, except a 503 with Retry-After, which BackoffMiddleware handles."""
        is_backoff = response.status == 503 and b"Retry-After" in response.headers
        if is_backoff or (response.status < 500 and response.status != 408) or request.meta.get("dont_retry"):
            return response
        return self._retry(request, f"HTTP {response.status}") or response

    def process_exception(self, request: Request, exception: Exception, spider: Any = None) -> Request | None:
        """Retry after timeouts, resets and the like: the host gave no answer."""
        if not isinstance(exception, self.exceptions_to_retry) or request.meta.get("dont_retry"):
            return None
        return self._retry(request, exception)

    def _retry(self, request: Request, reason: str | Exception | type[Exception]) -> Request | None:
        retry = super()._retry(request, reason)
        if retry is None:
            return None
        hosts, tries = HostBackoffs.of(self.crawler), retry.meta["retry_times"]
        hosts.back_off(
            hosts.host_of(request), hosts.backoff_seconds(tries), reason if isinstance(reason, str) else "no answer"
        )
        return hosts.requeued_copy(request, tries=tries, silent=not isinstance(reason, str))
