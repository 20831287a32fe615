"""Which addresses URLs may lead to."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvester.crawl.http.networks import AddressPolicy, literal_address, parse_networks, parse_ports
from harvester.errors import UsageProblem

POLICY = AddressPolicy(ports=parse_ports("80,443,8000-8010"))
_REFUSED = """0.0.0.0 0.255.1.1 10.0.0.1 100.64.0.1 100.127.255.255 127.0.0.1 127.255.255.254 168.63.129.16
169.254.169.254 172.16.0.1 172.31.255.255 192.0.0.170 192.0.2.7 192.88.99.1 192.168.1.1 198.19.0.1 198.51.100.1
203.0.113.1 224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255 :: ::1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:7f00:1
::127.0.0.1
64:ff9b::7f00:1 64:ff9b::10.1.2.3 64:ff9b:1::8.8.8.8 100::1 2001::1 2001:db8::1 2002:7f00:1:: 2002:a00:1::1
2002:a9fe:a9fe::1 3fff::1 4000::1 5f00::1 fc00::1 fd00:ec2::254 fe80::1 fe80::1%eth0 fec0::1 ff02::1
::ffff:0:127.0.0.1"""
_PUBLIC = """1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 172.15.255.255 172.32.0.0 192.167.0.1
223.255.255.255 2606:4700:4700::1111 2a01:4f8::1 ::ffff:8.8.8.8 64:ff9b::8.8.8.8 2002:808:808::1"""


@pytest.mark.parametrize("address", _REFUSED.split())
def test_special_addresses_are_refused(address: str) -> None:
    """Loopback, private, link-local, carrier-grade NAT, multicast, reserved, and what only stands for one of them."""
    assert "HARVESTER_ALLOW_NETWORKS" in POLICY.refusal(address, 80)


@pytest.mark.parametrize("address", _PUBLIC.split())
def test_public_addresses_may_be_reached(address: str) -> None:
    """On the ports that are named."""
    assert POLICY.refusal(address, 443) == ""
    assert POLICY.refusal(address, 8010) == ""
    assert "HARVESTER_ALLOW_PORTS" in POLICY.refusal(address, 22)


@given(st.ip_addresses(v=4))
def test_nothing_is_public_that_python_calls_private(address: ipaddress.IPv4Address) -> None:
    """Our table is no wider than that of the standard library, whatever the way it is written."""
    if not address.is_global or address.is_multicast:
        for form in (str(address), f"::ffff:{address}", f"64:ff9b::{address}", str(literal_address(str(int(address))))):
            assert POLICY.refusal(form, 80)


@given(st.ip_addresses(v=6))
def test_nothing_of_ipv6_is_public_that_python_calls_private(address: ipaddress.IPv6Address) -> None:
    """The same law for IPv6; what only stands for an IPv4 address is judged as that."""
    if address.ipv4_mapped is None and (not address.is_global or address.is_multicast):
        assert POLICY.refusal(str(address), 80)


def test_opened_networks_are_open_on_every_port_and_no_others() -> None:
    """An IPv4 network opens its mapped form too, as that is the same place."""
    policy = AddressPolicy(parse_networks("10.1.0.0/16, fd00::/8"), parse_ports("443"))
    for address in ("10.1.2.3", "::ffff:10.1.2.3", "fd12::1"):
        assert policy.refusal(address, 9999) == ""
    for address in ("10.2.0.1", "127.0.0.1", "fe80::1", "::1"):
        assert policy.refusal(address, 443)


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("127.0.0.1.", "127.0.0.1"),
        ("2130706433", "127.0.0.1"),
        ("0x7f000001", "127.0.0.1"),
        ("0x7F.1", "127.0.0.1"),
        ("017700000001", "127.0.0.1"),
        ("0177.0.0.01", "127.0.0.1"),
        ("127.1", "127.0.0.1"),
        ("0", "0.0.0.0"),
        ("localhost", "127.0.0.1"),
        ("LOCALHOST.", "127.0.0.1"),
        ("a.b.localhost.", "127.0.0.1"),
        ("[::1]", "::1"),
        ("::ffff:7f00:1", "::ffff:127.0.0.1"),
        ("notlocalhost", None),
        ("example.org", None),
        ("256.0.0.1", None),
        ("1.2.3.4.5", None),
    ],
)
def test_every_spelling_of_an_address_is_read(host: str, address: str | None) -> None:
    """As the system's own resolver reads them."""
    parsed = literal_address(host)
    assert (parsed and ipaddress.ip_address(parsed)) == (address and ipaddress.ip_address(address))


@pytest.mark.parametrize("text", ["x", "127.0.0.1/8", "10.0.0.0/33", "1.2.3", "10.0.0.0/8;::1"])
def test_invalid_networks_are_refused(text: str) -> None:
    """With the setting's name, and what is wrong."""
    with pytest.raises(UsageProblem, match="HARVESTER_ALLOW_NETWORKS"):
        parse_networks(text)


@pytest.mark.parametrize("text", ["", "0", "65536", "80-", "90-80", "http", "٨٠", "80;443", "-1"])
def test_invalid_ports_are_refused(text: str) -> None:
    """With the setting's name."""
    with pytest.raises(UsageProblem, match="HARVESTER_ALLOW_PORTS"):
        parse_ports(text)
