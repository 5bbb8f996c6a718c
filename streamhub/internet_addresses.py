"""Addresses: what a host's text means, and whether an address is one on the internet."""

from __future__ import annotations

import ipaddress
import socket

# Addresses for examples. They lead nowhere, so nothing is lost when they are taken.
_EXAMPLES = tuple(
    ipaddress.ip_network(network)
    for network in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")
)
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def address_of(host: str) -> tuple[Address | None, bool]:
    """The address that this host means, and whether it is written as usual.

    Programs also take `2130706433`, `0x7f.1` and `0177.0.0.1` for 127.0.0.1, as inet_aton does.
    """
    try:
        return ipaddress.ip_address(host), True
    except ValueError:
        pass
    try:
        return ipaddress.IPv4Address(socket.inet_aton(host)), False
    except OSError:
        return None, True


def on_the_internet(address: Address) -> bool:
    """Whether it, and what it leads to, is neither private nor reserved."""
    if isinstance(address, ipaddress.IPv6Address):
        return all(on_the_internet(inner) for inner in _inside(address)) and _is_global(address)
    return _is_global(address)


def _is_global(address: Address) -> bool:
    if any(address in network for network in _EXAMPLES):
        return True
    return address.is_global and not address.is_multicast


def _inside(address: ipaddress.IPv6Address) -> list[ipaddress.IPv4Address]:
    """The IPv4 addresses to which this IPv6 address leads."""
    found = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    if address in _NAT64:
        found.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return [inner for inner in found if inner is not None]
