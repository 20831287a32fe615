"""Ask the network, and turn every failure into a reason word (harvester/reasons.py)."""

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    IgnoreRequest,
    NotSupported,
    ResponseDataLossError,
    UnsupportedURLSchemeError,
)
from scrapy.http import Response

from harvester.crawl.http.address_guard import BlockedAddress
from harvester.crawl.http.waits import HostBackoff
from harvester.errors import HarvesterError

REASON_BY_EXCEPTION: dict[type[Exception], str] = {
    DownloadTimeoutError: "timeout",
    CannotResolveHostError: "dns",
    DownloadCancelledError: "too-many-bytes",
    DownloadConnectionRefusedError: "connection",
    ResponseDataLossError: "connection",
    DownloadFailedError: "connection",
    UnsupportedURLSchemeError: "redirect",
    NotSupported: "redirect",
}


class RobotsUnknown(IgnoreRequest):
    """The host's robots.txt cannot be had: RFC 9309, section 2.3.1.4: everything is forbidden for now.

    `cause` is the error of the connection, None where the server answered with 5xx.
    """

    def __init__(self, problem: str, cause: Exception | None = None) -> None:
        super().__init__(f"robots.txt: {problem}")
        self.cause = cause


class RequestFailed(Exception):
    """A request got no response that can be used. `reason` is a word of harvester/reasons.py, `detail` one line.

    `is_ignored`: the request was not sent, or its redirect not followed, because we must or will not.
    `error` is what was raised.
    """

    def __init__(self, error: Exception) -> None:
        self.reason, self.detail = reason_for_failure(error), error_line(error)
        self.error, self.is_ignored = error, isinstance(error, IgnoreRequest)
        super().__init__(self.detail)


async def fetch(crawler: Crawler, request: Request) -> Response:
    """Return the response, with whatever status.

    Raises HostBackoff where the request has to wait, RequestFailed for all else that servers and networks do, and
    lets errors of our own pass: HarvesterError, RuntimeError and MemoryError say nothing about the server.
    """
    assert crawler.engine is not None
    try:
        return await crawler.engine.download_async(request)
    except (HostBackoff, HarvesterError, RuntimeError, MemoryError):
        raise
    except Exception as error:  # URLs and encodings that libraries choke on, each in its own way
        raise RequestFailed(error) from error


def reason_for_failure(error: Exception) -> str:
    """Return the reason word for an exception of the downloader or of a library that choked on a response."""
    if isinstance(error, RobotsUnknown):
        return _network_reason(error.cause) or "robots-unknown"
    if isinstance(error, BlockedAddress):
        return "blocked-address"
    if isinstance(error, IgnoreRequest):
        return _reason_for_ignored(str(error))
    is_connection = type(error).__module__.startswith(("twisted", "OpenSSL"))
    return _network_reason(error) or ("connection" if is_connection else "bad-answer")


def _network_reason(error: Exception | None) -> str | None:
    return next((reason for kind, reason in REASON_BY_EXCEPTION.items() if isinstance(error, kind)), None)


def _reason_for_ignored(message: str) -> str:
    """Scrapy tells why it ignored a request only in words."""
    if "robots.txt" in message:
        return "robots"
    return "too-many-bytes" if "DOWNLOAD_MAXSIZE" in message else "redirect"


def error_line(error: Exception) -> str:
    """The error in one line; Twisted wraps the cause of a broken connection in a list of failures."""
    for failure in getattr(error.__cause__, "reasons", None) or ():
        return error_line(failure.value)
    return str(error).strip().partition("\n")[0][:200] or type(error).__name__
