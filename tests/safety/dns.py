"""A DNS server on loopback whose answers a test decides, and a resolver that has a crawl ask it."""

import os
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any

from scrapy.resolver import CachingHostnameResolver, HostResolution
from twisted.internet import defer
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.interfaces import IHostnameResolver
from twisted.names import dns
from twisted.names.client import Resolver
from zope.interface import implementer

PORT = "TESTS_DNS_PORT"


@dataclass
class Nameserver:
    """Answers by name: a list of addresses for each time it is asked; the last one stays. `asked` counts A queries."""

    port: int
    answers: dict[str, Sequence[Sequence[str]]] = field(default_factory=dict)
    query_counts: dict[str, int] = field(default_factory=dict)

    @property
    def options(self) -> tuple[str, ...]:
        """For `scrapy crawl`: the crawl asks this server."""
        return ("-s", "TWISTED_DNS_RESOLVER=tests.safety.dns.LoopbackDnsResolver")

    def reply(self, packet: bytes) -> bytes:
        """The answer to one query for A or AAAA."""
        message = dns.Message()
        message.fromStr(packet)
        query = message.queries[0]
        name = query.name.name.decode("ascii").lower()
        times = self.query_counts.get(name, 0)
        if query.type == dns.A:
            self.query_counts[name] = times + 1
        turns = self.answers.get(name, [[]])
        turn = times if query.type == dns.A else max(0, times - 1)  # AAAA is asked after A
        for text in turns[min(turn, len(turns) - 1)]:
            is_4 = ip_address(text).version == 4
            if (query.type == dns.A) == is_4:
                payload = dns.Record_A(text, 0) if is_4 else dns.Record_AAAA(text, 0)
                message.answers.append(dns.RRHeader(query.name.name, query.type, dns.IN, 0, payload))
        message.answer = 1
        return bytes(message.toStr())


@contextmanager
def run_nameserver() -> Iterator[Nameserver]:
    """A running one."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.settimeout(0.1)
        server, stop = Nameserver(listener.getsockname()[1]), threading.Event()
        serving = threading.Thread(target=_serve, args=(listener, server, stop))
        serving.start()
        try:
            yield server
        finally:
            stop.set()
            serving.join()


def _serve(listener: socket.socket, server: Nameserver, stop: threading.Event) -> None:
    while not stop.is_set():
        try:
            packet, sender = listener.recvfrom(4096)
        except TimeoutError:
            continue
        listener.sendto(server.reply(packet), sender)


class LoopbackDnsResolver(CachingHostnameResolver):
    """Scrapy's resolver with its cache, which asks the test's server in place of the system."""

    def __init__(self, reactor: Any, cache_size: int) -> None:
        super().__init__(reactor, cache_size)
        self.original_resolver = _LoopbackResolver(self.original_resolver, int(os.environ[PORT]))


@implementer(IHostnameResolver)
class _LoopbackResolver:
    def __init__(self, system: Any, port: int) -> None:
        self._system = system
        self._client = Resolver(servers=[("127.0.0.1", port)], timeout=(5,))

    def resolveHostName(self, receiver: Any, name: str, port: int = 0, *rest: Any) -> Any:  # noqa: N802
        if not name.endswith(".example"):
            return self._system.resolveHostName(receiver, name, port, *rest)
        resolution = HostResolution(name)
        receiver.resolutionBegan(resolution)
        defer.ensureDeferred(self._resolve(receiver, name, port))
        return resolution

    async def _resolve(self, receiver: Any, name: str, port: int) -> None:
        records = [await self._client.lookupAddress(name), await self._client.lookupIPV6Address(name)]
        for answers, _, _ in records:
            for answer in answers:
                kind = IPv4Address if answer.type == dns.A else IPv6Address
                receiver.addressResolved(kind("TCP", ip_address(answer.payload.address).compressed, port))
        receiver.resolutionComplete()
