"""Guard that checks every address just before a connection to it, wherever the URL came from.

Twisted resolves a name and connects to the resulting addresses without resolving it again; a literal address takes the
same path. The guard stands between the two steps. It therefore sees each new connection, including redirects and
robots.txt, and no later DNS answer can change what it checked. A reused connection was checked when it was opened.
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
_READ_BUFFER_BYTES = 2**18  # with Twisted's 64 kB, a picture takes four times as many event loop passes


class BlockedAddress(IgnoreRequest):
    """Raised instead of connecting to a forbidden address or port; permanent, so the request is not retried."""


class AddressGuardHandler(HTTP11DownloadHandler):
    """Scrapy's handler for http and https, with the guard between name resolution and connection.

    A proxy resolves names itself, so behind a proxy only the URL can be checked. The proxy's own address comes from the
    user and is allowed, but no URL may lead to it.
    """

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._policy = address_policy(crawler.settings)
        self._fail_on_dataloss_warned = True  # Scrapy's advice on settings; our summary counts such images
        FileDescriptor.bufferSize = _READ_BUFFER_BYTES
        keep_freed_memory()  # otherwise each of these buffers would be a new request to the system

    async def download_request(self, request: Request) -> Response:
        """Download after checking the address. Raises BlockedAddress."""
        resolver = _install_guard(self._policy)
        url = urlparse_cached(request)
        host, port = url.hostname or "", url.port or _DEFAULT_PORTS[url.scheme]
        proxy = _proxy_address(request)
        if (host, port) in resolver.proxies:
            raise BlockedAddress(f"{host} port {port} is the address of the proxy")
        if proxy:
            resolver.proxies.add(proxy)
            if refusal := self._policy.unresolved_refusal(host, port):
                raise BlockedAddress(f"{host} {refusal}")
        return await super().download_request(request)


@implementer(IHostnameResolver)
class AddressGuardResolver:
    """Wraps the reactor's resolver, cache included, and passes on only the addresses that may be connected to."""

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
        """Called by Twisted for every new connection. Port 0 means a tunnel through a proxy given by name."""
        receiver: Any = resolutionReceiver
        if not any(hostName.lower() == host and portNumber in (0, port) for host, port in self.proxies):
            receiver = _FilteringReceiver(receiver, self.policy, hostName, portNumber)
        name = literal_address(hostName) or hostName  # keeps `127.1` and `localhost.` from DNS servers
        return self._wrapped.resolveHostName(receiver, name, portNumber, addressTypes, transportSemantics)


@implementer(IResolutionReceiver)
class _FilteringReceiver:
    """Receives every address of a host and passes on those that may be connected to."""

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
        """Check one address; addresses that are not IP addresses are dropped."""
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
        """Finish the resolution; if no address was allowed, the connection attempt fails with the reason."""
        if self._refusal and not self._has_allowed and self._port:
            self._receiver.addressResolved(_Unresolved(self._refusal))
        self._receiver.resolutionComplete()


class _Unresolved(IPv4Address):
    """A placeholder address that raises BlockedAddress when it is read; a resolver cannot report reasons itself."""

    def __init__(self, refusal: str) -> None:
        self._refusal = refusal

    @property
    def host(self) -> str:  # type: ignore[override]
        raise BlockedAddress(self._refusal)


def _install_guard(policy: AddressPolicy) -> AddressGuardResolver:
    """Install the guard in front of the reactor's resolver, or reuse it, with the policy of the calling crawl.

    Several crawls in one process can share the guard: it is called before another crawl can make its next request.
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
