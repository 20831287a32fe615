"""What users read when a connection fails: our own words, none of a library's."""

import pytest
from OpenSSL import SSL
from scrapy.exceptions import CannotResolveHostError, DownloadConnectionRefusedError, DownloadFailedError
from service_identity import VerificationError
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.python.failure import Failure
from twisted.web.client import ResponseFailed

from harvester.crawl.http.failures import RequestFailed, error_line


def _failed(*causes: Exception) -> DownloadFailedError:
    """As Scrapy raises it: Twisted's failure, with the list of causes, is its cause."""
    error = DownloadFailedError(str(causes))
    error.__cause__ = ResponseFailed([Failure(cause) for cause in causes])
    return error


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (_failed(ConnectionDone("Connection was closed cleanly.")),
         "the server closed the connection without an answer"),
        (_failed(ConnectionLost("Connection to the other side was lost")), "the connection broke off"),
        (_failed(SSL.Error([("SSL routines", "", "certificate verify failed")])),
         "the server's certificate is not trusted (certificate verify failed)"),
        (_failed(SSL.Error([("SSL routines", "", "wrong version number")])),
         "no TLS connection (wrong version number)"),
        (_failed(SSL.Error()), "no TLS connection"),
        (_failed(VerificationError(errors=[])), "the server's certificate is that of another host"),
        (CannotResolveHostError("DNS lookup failed: no results for hostname lookup: x."),
         "the host name has no address"),
        (DownloadConnectionRefusedError("Connection was refused by other side: 111"), "connection refused"),
    ],
)  # fmt: skip
def test_a_failed_connection_is_told_in_plain_words(error: Exception, words: str) -> None:
    """Each kind has one sentence; all of them may pass."""
    assert error_line(error) == words
    assert RequestFailed(error).reason in ("connection", "dns")
