"""Validates the CIDRs of the encoders that may push: what AWS takes, and how much of the internet it lets in.

MediaLive's input security groups take IPv4 only ("Creating an input security group"). AWS would take
0.0.0.0/0 as well: the limit on the width is our own (AWS_RULES 22), and all of the CIDRs count together.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence

from django.conf import settings
from django.utils.translation import gettext as _

CIDRS_MAX = 10
Networks = set[ipaddress.IPv4Network]


def cidrs_normalised(cidrs: Sequence[str]) -> tuple[list[str], str | None]:
    """The CIDRs in canonical form and order, and an error message if they cannot be used."""
    if not 1 <= len(cidrs) <= CIDRS_MAX:
        few_or_many = _("Give 1 to %(most)s CIDRs of the encoders that push, for example 203.0.113.7/32.")
        return [], few_or_many % {"most": CIDRS_MAX}
    networks: Networks = set()
    for cidr in cidrs:
        network = _network(cidr)
        if isinstance(network, str):
            return [], network
        networks.add(network)
    if error := _width_error(networks):
        return [], error
    return sorted(str(network) for network in networks), None


def _network(cidr: str) -> ipaddress.IPv4Network | str:
    """The network, or why it is none."""
    try:
        network = ipaddress.ip_network(cidr, strict=True)
    except ValueError:
        return _("%(cidr)s is not a CIDR. Give a network such as 203.0.113.7/32 or 198.51.100.0/24.") % {
            "cidr": repr(cidr)
        }
    if not isinstance(network, ipaddress.IPv4Network):
        return _("%(cidr)s is not IPv4. MediaLive's input security groups accept IPv4 only.") % {"cidr": cidr}
    if cidr not in (str(network), str(network.network_address)):
        return _("%(cidr)s is not a CIDR as it is usually written. Write %(network)s.") % {
            "cidr": repr(cidr),
            "network": network,
        }
    return network


def _width_error(networks: Networks) -> str | None:
    """Why the networks are too wide. Neighbours count as the one network that they are together."""
    widest = min(ipaddress.collapse_addresses(networks), key=lambda network: network.prefixlen)
    if widest.prefixlen >= settings.WIDEST_CIDR_PREFIX:
        return None
    parts = sorted(str(network) for network in networks if network.subnet_of(widest))
    together = str(widest)
    if len(parts) > 1:
        together = _("%(parts)s together are %(widest)s, which") % {"parts": _listed(parts), "widest": widest}
    lets_in = _("the whole world")
    if widest.prefixlen:
        lets_in = _("%(count)s addresses") % {"count": f"{widest.num_addresses:,}"}
    return _(
        "%(together)s would open the input to %(lets_in)s. List the encoders' addresses: "
        "/%(widest_cidr_prefix)s is the widest network that is allowed here."
    ) % {"together": together, "lets_in": lets_in, "widest_cidr_prefix": settings.WIDEST_CIDR_PREFIX}


def _listed(parts: Iterable[str]) -> str:
    *others, last = parts
    return _("%(others)s and %(last)s") % {"others": ", ".join(others), "last": last}
