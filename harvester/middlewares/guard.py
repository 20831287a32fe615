"""The last stage before a connection: every address is looked at when it is connected to, wherever its URL came from.

Twisted resolves a name and connects to the addresses it was told, without asking again; a literal address goes the same
way. So what stands between the two sees each new connection, redirects and robots.txt included, and no later DNS answer
can change what was looked at. A kept connection is used again without a look: it was looked at when it was made.
"""

from typing import Any
from urllib.parse import urlsplit

from scrapy import Request
from scrapy.core.downloader.handlers.http11 import HTTP11DownloadHandler
from scrapy.crawler import Crawler
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response
from scrapy.utils.httpobj import urlparse_cached
from twisted.internet.abstract import FileDescriptor
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.interfaces import IHostnameResolver, IHostResolution, IResolutionReceiver
from zope.interface import implementer

from harvester.memory import keep_memory
from harvester.network import Reach, literal
from harvester.options import reach

_PORTS = {"http": 80, "https": 443}
_READ_AT_ONCE = 2**18  # bytes; with Twisted's 64 kB a picture passes through the event loop four times as often


class BlockedAddress(IgnoreRequest):
    """A URL leads where it may not; raised in place of a connection, never for what may pass, so never asked again."""


class GuardedHandler(HTTP11DownloadHandler):
    """Scrapy's handler for http and https, with the guard between the names and the connections.

    Behind a proxy names are resolved by the proxy, so only the URL itself can be looked at. The proxy's own address is
    the user's word, and only the proxy is reached there.
    """

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._reach = reach(crawler.settings)
        FileDescriptor.bufferSize = _READ_AT_ONCE
        keep_memory()  # or each of these buffers would be asked of the system anew

    async def download_request(self, request: Request) -> Response:
        """Raises BlockedAddress."""
        guard = _installed(self._reach)
        url = urlparse_cached(request)
        host, port = url.hostname or "", url.port or _PORTS[url.scheme]
        proxy = _proxy(request)
        if (host, port) in guard.proxies:
            raise BlockedAddress(f"{host} is asked at port {port}, where the proxy is")
        if proxy:
            guard.proxies.add(proxy)
            if why := self._reach.unresolved_refusal(host, port):
                raise BlockedAddress(f"{host} {why}")
        return await super().download_request(request)


@implementer(IHostnameResolver)
class Guard:
    """Stands before the resolver of the reactor, whatever its cache says, and passes on what may be connected to."""

    def __init__(self, behind: Any, allowed: Reach) -> None:
        self.allowed = allowed
        self.proxies: set[tuple[str, int]] = set()
        self._behind = behind

    def resolveHostName(
        self,
        resolutionReceiver: IResolutionReceiver,
        hostName: str,
        portNumber: int = 0,
        addressTypes: Any = None,
        transportSemantics: str = "TCP",
    ) -> Any:
        """Called by Twisted for every new connection. Port 0: for a tunnel through a proxy that has a name."""
        receiver: Any = resolutionReceiver
        if not any(hostName.lower() == host and portNumber in (0, port) for host, port in self.proxies):
            receiver = _Checked(receiver, self.allowed, hostName, portNumber)
        name = literal(hostName) or hostName  # no DNS server is asked for `127.1` or `localhost.`
        return self._behind.resolveHostName(receiver, name, portNumber, addressTypes, transportSemantics)


@implementer(IResolutionReceiver)
class _Checked:
    """Hears every address of a host and tells those that may be connected to."""

    def __init__(self, receiver: Any, allowed: Reach, host: str, port: int) -> None:
        self._receiver = receiver
        self._allowed = allowed
        self._host = host
        self._port = port
        self._passed = False
        self._refused = ""

    def resolutionBegan(self, resolution: IHostResolution) -> None:
        """Called by the resolver."""
        self._receiver.resolutionBegan(resolution)

    def addressResolved(self, address: Any) -> None:
        """One address; others than those of IP are not for us."""
        if not isinstance(address, IPv4Address | IPv6Address):
            return
        why = self._allowed.refusal(address.host, self._port)
        if not why:
            self._passed = True
            self._receiver.addressResolved(address)
        elif not self._refused:
            leads = "" if address.host == self._host else f" leads to {address.host}, which"
            self._refused = f"{self._host}{leads} {why}"

    def resolutionComplete(self) -> None:
        """No more addresses. Where none may be connected to, whoever tries hears why."""
        if self._refused and not self._passed and self._port:
            self._receiver.addressResolved(_Nowhere(self._refused))
        self._receiver.resolutionComplete()


class _Nowhere(IPv4Address):
    """An address that cannot be connected to: to read it raises BlockedAddress. A resolver has no way to tell more."""

    def __init__(self, why: str) -> None:
        self._why = why

    @property
    def host(self) -> str:  # type: ignore[override]
        raise BlockedAddress(self._why)


def _installed(allowed: Reach) -> Guard:
    """The guard of the reactor, put before whatever resolver is installed; the crawl that asks now says what it allows.

    The connection is begun, and so the guard called, before the next request of another crawl in this process.
    """
    from twisted.internet import reactor as installed  # importing it earlier would choose one

    reactor: Any = installed
    if not isinstance(reactor.nameResolver, Guard):
        reactor.installNameResolver(Guard(reactor.nameResolver, allowed))
    guard: Guard = reactor.nameResolver
    guard.allowed = allowed
    return guard


def _proxy(request: Request) -> tuple[str, int] | None:
    """Host and port of the request's proxy, as Scrapy reads them."""
    given = request.meta.get("proxy")
    if not given:
        return None
    parts = urlsplit(given if "://" in given else f"http://{given}")
    return (parts.hostname or "").lower(), parts.port or _PORTS.get(parts.scheme, 80)
