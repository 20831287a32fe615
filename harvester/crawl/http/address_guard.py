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

from harvester.crawl.http.networks import AddressPolicy, address_policy, literal_address
from harvester.memory import keep_freed_memory

_DEFAULT_PORTS = {"http": 80, "https": 443}
_READ_BUFFER_BYTES = 2**18  # bytes; with Twisted's 64 kB a picture passes through the event loop four times as often


class BlockedAddress(IgnoreRequest):
    """A URL leads where it may not; raised in place of a connection, never for what may pass, so never asked again."""


class AddressGuardHandler(HTTP11DownloadHandler):
    """Scrapy's handler for http and https, with the guard between the names and the connections.

    Behind a proxy names are resolved by the proxy, so only the URL itself can be looked at. The proxy's own address is
    the user's word, and only the proxy is reached there.
    """

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._policy = address_policy(crawler.settings)
        FileDescriptor.bufferSize = _READ_BUFFER_BYTES
        keep_freed_memory()  # or each of these buffers would be asked of the system anew

    async def download_request(self, request: Request) -> Response:
        """Raises BlockedAddress."""
        resolver = _install_guard(self._policy)
        url = urlparse_cached(request)
        host, port = url.hostname or "", url.port or _DEFAULT_PORTS[url.scheme]
        proxy = _proxy_address(request)
        if (host, port) in resolver.proxies:
            raise BlockedAddress(f"{host} is asked at port {port}, where the proxy is")
        if proxy:
            resolver.proxies.add(proxy)
            if refusal := self._policy.unresolved_refusal(host, port):
                raise BlockedAddress(f"{host} {refusal}")
        return await super().download_request(request)


@implementer(IHostnameResolver)
class AddressGuardResolver:
    """Stands before the resolver of the reactor, whatever its cache says, and passes on what may be connected to."""

    def __init__(self, wrapped: Any, policy: AddressPolicy) -> None:
        self.policy = policy
        self.proxies: set[tuple[str, int]] = set()
        self._wrapped = wrapped

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
            receiver = _FilteringReceiver(receiver, self.policy, hostName, portNumber)
        name = literal_address(hostName) or hostName  # no DNS server is asked for `127.1` or `localhost.`
        return self._wrapped.resolveHostName(receiver, name, portNumber, addressTypes, transportSemantics)


@implementer(IResolutionReceiver)
class _FilteringReceiver:
    """Hears every address of a host and tells those that may be connected to."""

    def __init__(self, receiver: Any, policy: AddressPolicy, host: str, port: int) -> None:
        self._receiver = receiver
        self._policy = policy
        self._host = host
        self._port = port
        self._has_allowed = False
        self._refusal = ""

    def resolutionBegan(self, resolution: IHostResolution) -> None:
        """Called by the resolver."""
        self._receiver.resolutionBegan(resolution)

    def addressResolved(self, address: Any) -> None:
        """One address; others than those of IP are not for us."""
        if not isinstance(address, IPv4Address | IPv6Address):
            return
        refusal = self._policy.refusal(address.host, self._port)
        if not refusal:
            self._has_allowed = True
            self._receiver.addressResolved(address)
        elif not self._refusal:
            destination = "" if address.host == self._host else f" leads to {address.host}, which"
            self._refusal = f"{self._host}{destination} {refusal}"

    def resolutionComplete(self) -> None:
        """No more addresses. Where none may be connected to, whoever tries hears why."""
        if self._refusal and not self._has_allowed and self._port:
            self._receiver.addressResolved(_Unresolved(self._refusal))
        self._receiver.resolutionComplete()


class _Unresolved(IPv4Address):
    """An address that cannot be connected to: to read it raises BlockedAddress. A resolver has no way to tell more."""

    def __init__(self, refusal: str) -> None:
        self._refusal = refusal

    @property
    def host(self) -> str:  # type: ignore[override]
        raise BlockedAddress(self._refusal)


def _install_guard(policy: AddressPolicy) -> AddressGuardResolver:
    """The guard of the reactor, put before whatever resolver is installed; the crawl that asks now says what it allows.

    The connection is begun, and so the guard called, before the next request of another crawl in this process.
    """
    from twisted.internet import reactor as installed  # importing it earlier would choose one

    reactor: Any = installed
    if not isinstance(reactor.nameResolver, AddressGuardResolver):
        reactor.installNameResolver(AddressGuardResolver(reactor.nameResolver, policy))
    resolver: AddressGuardResolver = reactor.nameResolver
    resolver.policy = policy
    return resolver


def _proxy_address(request: Request) -> tuple[str, int] | None:
    """Host and port of the request's proxy, as Scrapy reads them."""
    url = request.meta.get("proxy")
    if not url:
        return None
    parts = urlsplit(url if "://" in url else f"http://{url}")
    return (parts.hostname or "").lower(), parts.port or _DEFAULT_PORTS.get(parts.scheme, 80)
