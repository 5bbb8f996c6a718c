"""Validates the CIDRs of the encoders that may push: what AWS takes, and how much of the internet it lets in.

MediaLive's input security groups take IPv4 only ("Creating an input security group"). AWS would take
0.0.0.0/0 as well: the limit on the width is our own (AWS_RULES 22), and all of the CIDRs count together.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence

from django.conf import settings

CIDRS_MAX = 10
Networks = set[ipaddress.IPv4Network]


def cidrs_normalised(cidrs: Sequence[str]) -> tuple[list[str], str | None]:
    """The CIDRs in canonical form and order, and an error message if they cannot be used."""
    if not 1 <= len(cidrs) <= CIDRS_MAX:
        return [], f"Give 1 to {CIDRS_MAX} CIDRs of the encoders that push, for example 203.0.113.7/32."
    networks: Networks = set()
    for cidr in cidrs:
        try:
            network = ipaddress.ip_network(cidr, strict=True)
        except ValueError:
            return [], f"{cidr!r} is not a CIDR. Give a network such as 203.0.113.7/32 or 198.51.100.0/24."
        if not isinstance(network, ipaddress.IPv4Network):
            return [], f"{cidr} is not IPv4. MediaLive's input security groups accept IPv4 only."
        if cidr not in (str(network), str(network.network_address)):
            return [], f"{cidr!r} is not a CIDR as it is usually written. Write {network}."
        networks.add(network)
    if error := _width_error(networks):
        return [], error
    return sorted(str(network) for network in networks), None


def _width_error(networks: Networks) -> str | None:
    """Why the networks are too wide. Neighbours count as the one network that they are together."""
    widest = min(ipaddress.collapse_addresses(networks), key=lambda network: network.prefixlen)
    if widest.prefixlen >= settings.WIDEST_CIDR_PREFIX:
        return None
    parts = sorted(str(network) for network in networks if network.subnet_of(widest))
    together = f"{_listed(parts)} together are {widest}, which" if len(parts) > 1 else str(widest)
    lets_in = "the whole world" if widest.prefixlen == 0 else f"{widest.num_addresses:,} addresses"
    return (
        f"{together} would open the input to {lets_in}. List the encoders' addresses: "
        f"/{settings.WIDEST_CIDR_PREFIX} is the widest network that is allowed here."
    )


def _listed(parts: Iterable[str]) -> str:
    *others, last = parts
    return f"{', '.join(others)} and {last}"
