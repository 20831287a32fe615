"""Turn failed requests into reason words."""

from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    NotSupported,
    ResponseDataLossError,
    UnsupportedURLSchemeError,
)

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


def reason_for_failure(error: Exception | None) -> str | None:
    """Return the reason word for an exception of the downloader, None if it has none."""
    return next((reason for exception, reason in REASON_BY_EXCEPTION.items() if isinstance(error, exception)), None)


def reason_for_ignored(message: str) -> str:
    """The reason word for a request that Scrapy ignored; it tells why only in words."""
    if "robots.txt" in message:
        return "robots"
    return "too-many-bytes" if "DOWNLOAD_MAXSIZE" in message else "redirect"


def error_line(error: Exception) -> str:
    """The error in one line; Twisted wraps the cause of a broken connection in a list of failures."""
    for failure in getattr(error.__cause__, "reasons", None) or ():
        return error_line(failure.value)
    return str(error).strip().partition("\n")[0][:200] or type(error).__name__
