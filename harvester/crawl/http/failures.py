"""Ask the network, and turn every failure into a reason word (harvester/reasons.py)."""

from OpenSSL import SSL
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
from service_identity import VerificationError
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.web.client import ResponseNeverReceived
from twisted.web.http import PotentialDataLoss

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

_WORDS_BY_EXCEPTION: dict[type[BaseException], str] = {
    VerificationError: "the server's certificate is that of another host",
    CannotResolveHostError: "the host name has no address",
    DownloadConnectionRefusedError: "connection refused",
    ConnectionDone: "the server closed the connection without an answer",
    ConnectionLost: "the connection broke off",
    ResponseDataLossError: "the connection broke off before the end",
    PotentialDataLoss: "the connection broke off before the end",
    ResponseNeverReceived: "no answer",
}
"""What users read; the texts of Twisted and Scrapy are neither sentences nor advice for this program."""


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


def error_line(error: BaseException) -> str:
    """The error in one line: our own words for what happens to connections, as libraries have several for each."""
    for kind, words in _WORDS_BY_EXCEPTION.items():
        if isinstance(error, kind):
            return words
    for failure in getattr(error.__cause__, "reasons", None) or ():  # Twisted's list for a broken connection
        return error_line(failure.value)
    if isinstance(error, SSL.Error):
        return _tls_line(error)
    return str(error).strip().partition("\n")[0][:200] or type(error).__name__


def _tls_line(error: SSL.Error) -> str:
    """OpenSSL gives a list of library, function and reason."""
    reasons = error.args[0] if error.args and isinstance(error.args[0], list) else []
    reason = str(reasons[-1][-1]) if reasons else ""
    if "certificate" in reason:
        return f"the server's certificate is not trusted ({reason})"
    return f"no TLS connection ({reason})" if reason else "no TLS connection"
