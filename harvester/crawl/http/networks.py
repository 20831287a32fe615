"""Rules for the addresses a URL may lead to: public ones on web ports, and networks and ports the user allows.

URLs come from strangers' posts. Without these rules they could make a crawler fetch what only its own machine or
network may see. No name is resolved here. Networks: IANA's registries of special-purpose addresses (IPv4, IPv6),
RFC 6890 and its successors.
"""

import ipaddress
import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Any
from urllib.parse import urlsplit

from harvester.errors import UsageProblem

DEFAULT_PORTS = "80, 443, 8080, 8443"
"""The web's ports and their usual alternates (IANA's http-alt, and 8443, which Cloudflare and Tomcat use for TLS)."""

_SPECIAL_IPV4 = {
    "0.0.0.0/8": "this network",
    "10.0.0.0/8": "private",
    "100.64.0.0/10": "carrier-grade NAT",
    "127.0.0.0/8": "loopback",
    "168.63.129.16/32": "a cloud's own services",  # public by number, but Azure answers it inside each machine
    "169.254.0.0/16": "link-local",
    "172.16.0.0/12": "private",
    "192.0.0.0/24": "reserved",
    "192.0.2.0/24": "reserved",
    "192.88.99.0/24": "reserved",
    "192.168.0.0/16": "private",
    "198.18.0.0/15": "reserved",
    "198.51.100.0/24": "reserved",
    "203.0.113.0/24": "reserved",
    "224.0.0.0/4": "multicast",
    "240.0.0.0/4": "reserved",
}

_SPECIAL_IPV6 = {
    "::/128": "this network",
    "::1/128": "loopback",
    "fc00::/7": "private",
    "fe80::/10": "link-local",
    "fec0::/10": "private",
    "ff00::/8": "multicast",
    "2001::/23": "reserved",
    "2001:db8::/32": "reserved",
    "3fff::/20": "reserved",
}

_IPV4_NETWORKS = {IPv4Network(text): kind for text, kind in _SPECIAL_IPV4.items()}

_IPV6_NETWORKS = {IPv6Network(text): kind for text, kind in _SPECIAL_IPV6.items()}

_GLOBAL_IPV6 = IPv6Network("2000::/3")

_NAT64 = IPv6Network("64:ff9b::/96")

_PLAIN_NAME = re.compile(r"[A-Za-z0-9_.-]{1,255}")


@dataclass(frozen=True)
class AddressPolicy:
    """The allowed destinations: every port in `networks`, and `ports` at all public addresses."""

    networks: tuple[IPv4Network | IPv6Network, ...] = ()
    ports: tuple[range, ...] = ()

    def refusal(self, address: str, port: int) -> str:
        """Why this address and port may not be connected to; empty if they may."""
        ip = _parse_address(address)
        if ip is None:
            return "is not an IP address"
        if self._is_opened(address):
            return ""
        if kinds := [kind for target in _effective_addresses(ip) if (kind := _special_kind(target))]:
            return f"is {kinds[0]}; HARVESTER_ALLOW_NETWORKS does not name it"
        return self.port_refusal(port)

    def port_refusal(self, port: int) -> str:
        """Why this port of a public address may not be connected to; empty if it may."""
        is_allowed = any(port in port_range for port_range in self.ports)
        return "" if is_allowed else f"is requested at port {port}; HARVESTER_ALLOW_PORTS does not name it"

    def may_carry_keys(self, origin: str) -> bool:
        """Whether a key may be sent to a server: over TLS, or to an address in a network that the user allows."""
        parts = urlsplit(origin)
        address = literal_address(parts.hostname or "")
        return parts.scheme == "https" or (address is not None and self._is_opened(address))

    def _is_opened(self, address: str) -> bool:
        ip = _parse_address(address)
        targets = () if ip is None else _effective_addresses(ip)
        return any(
            target.version == network.version and target in network for target in targets for network in self.networks
        )

    def unresolved_refusal(self, host: str, port: int) -> str:
        """Why a proxy may not be asked for this host and port; empty if it may. Names are resolved by the proxy."""
        address = literal_address(host)
        if address is not None:
            return self.refusal(address, port)
        return self.port_refusal(port) if _PLAIN_NAME.fullmatch(host) else "is not a plain host name"


def literal_address(host: str) -> str | None:
    """The address of a host that needs no resolution, such as `0x7f.1`, `2130706433`, `localhost.`; None for a name."""
    name = host.strip("[]").rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):  # RFC 6761, section 6.3
        return "127.0.0.1"
    if (ip := _parse_address(name)) is not None:
        return str(ip)
    try:
        return socket.inet_ntoa(socket.inet_aton(name))
    except (OSError, UnicodeError):
        return None


def parse_networks(text: str) -> tuple[IPv4Network | IPv6Network, ...]:
    """The networks of HARVESTER_ALLOW_NETWORKS. Raises UsageProblem."""
    try:
        return tuple(ipaddress.ip_network(word.strip()) for word in text.split(",") if word.strip())
    except ValueError as error:
        raise UsageProblem(
            f"HARVESTER_ALLOW_NETWORKS={text}: must be networks such as 127.0.0.0/8, ::1/128 ({error})."
        ) from error


def parse_ports(text: str) -> tuple[range, ...]:
    """The ports of HARVESTER_ALLOW_PORTS, single ones and ranges. Raises UsageProblem."""
    ranges = tuple(_parse_port_range(word.strip(), text) for word in text.split(",") if word.strip())
    if not ranges:
        raise UsageProblem("HARVESTER_ALLOW_PORTS: is empty, so nothing could be requested.")
    return ranges


def _parse_port_range(word: str, text: str) -> range:
    match = re.fullmatch(r"(\d{1,5})(?:-(\d{1,5}))?", word, re.ASCII)
    first, last = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
    if not 0 < first <= last < 65536:
        raise UsageProblem(f"HARVESTER_ALLOW_PORTS={text}: must be ports such as {DEFAULT_PORTS}, 9000-9010.")
    return range(first, last + 1)


def _parse_address(address: str) -> IPv4Address | IPv6Address | None:
    try:
        return ipaddress.ip_address(address)
    except ValueError:
        return None


def _effective_addresses(address: IPv4Address | IPv6Address) -> tuple[IPv4Address | IPv6Address, ...]:
    """The addresses to check: the address itself, the IPv4 address it maps to (mapped, NAT64), or both (6to4)."""
    if isinstance(address, IPv4Address):
        return (address,)
    if address.ipv4_mapped is not None:
        return (address.ipv4_mapped,)
    if address in _NAT64:
        return (IPv4Address(int(address) & 0xFFFFFFFF),)
    return (address,) if address.sixtofour is None else (address, address.sixtofour)


def _special_kind(address: IPv4Address | IPv6Address) -> str:
    """The kind of a special-purpose address, which URLs may not lead to; empty for a public address."""
    if isinstance(address, IPv4Address):
        return next((kind for network, kind in _IPV4_NETWORKS.items() if address in network), "")
    special = next((kind for network, kind in _IPV6_NETWORKS.items() if address in network), "")
    return special or ("" if address in _GLOBAL_IPV6 else "reserved")


def address_policy(settings: Mapping[str, Any]) -> AddressPolicy:
    """The policy in HARVESTER_ALLOW_NETWORKS and HARVESTER_ALLOW_PORTS. Raises UsageProblem."""
    allowed_networks = parse_networks(str(settings["HARVESTER_ALLOW_NETWORKS"]))
    return AddressPolicy(allowed_networks, parse_ports(str(settings["HARVESTER_ALLOW_PORTS"])))


def check_keys(settings: Mapping[str, Any], name: str, keys: Mapping[str, str]) -> None:
    """Raise UsageProblem for a key that would be sent unencrypted; `keys` by origin, `name` is their setting's."""
    for origin in keys:
        if not address_policy(settings).may_carry_keys(origin):
            raise UsageProblem(
                f"{name}: {origin} does not use TLS, so others could read the key in transit; use https:// (http:// "
                "is allowed for addresses in HARVESTER_ALLOW_NETWORKS)."
            )
