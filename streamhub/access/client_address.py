"""Whose request it is: the one place that reads X-Forwarded-For.

`REMOTE_ADDR` is the client's address for everything below the middleware, as logs and events keep it. Lockout
and limits count by `counted_as`.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable
from functools import lru_cache

from django.conf import settings
from django.http import HttpRequest, HttpResponse

GetResponse = Callable[[HttpRequest], HttpResponse]

# Of an IPv6 address: what a host chooses by itself within its network.
_HOST_BITS = 64

# What a proxy says about the client. From anyone else it is a claim of the client itself.
_SAID_BY_PROXIES = (
    "HTTP_X_FORWARDED_FOR",
    "HTTP_X_FORWARDED_PROTO",
    "HTTP_X_FORWARDED_HOST",
    "HTTP_X_REAL_IP",
)


def client_address(peer: str, forwarded_for: str, trusted: Iterable[str]) -> str:
    """The address of the client of a request that came from `peer` with this X-Forwarded-For.

    Each proxy adds on the right whom it heard, so the last address that is no trusted proxy is the client's.
    What stands left of it was written by the client.
    """
    networks = _networks(tuple(trusted))
    address = peer
    for heard in reversed([part.strip() for part in forwarded_for.split(",") if part.strip()]):
        if not _is_in(address, networks) or _parsed(heard) is None:
            break
        address = str(_parsed(heard))
    return address


def is_trusted(peer: str, trusted: Iterable[str]) -> bool:
    """Whether what `peer` says about its clients counts. No address is a socket of this machine."""
    return _is_in(peer, _networks(tuple(trusted)))


def counted_as(request: HttpRequest) -> str:
    """The address under which lockout and limits count the client; "" on a socket of this machine.

    One host of IPv6 usually has a whole /64, so all of that is counted as one client, by its first address.
    """
    address = request.META.get("REMOTE_ADDR", "")
    parsed = _parsed(address)
    if isinstance(parsed, ipaddress.IPv6Address):
        return str(ipaddress.IPv6Address(int(parsed) >> _HOST_BITS << _HOST_BITS))
    return address if parsed is None else str(parsed)


class ClientAddressMiddleware:
    """Makes `REMOTE_ADDR` the client's, and drops what somebody says who is no trusted proxy."""

    def __init__(self, get_response: GetResponse) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        peer = request.META.get("REMOTE_ADDR", "")
        if is_trusted(peer, settings.TRUSTED_PROXIES):
            heard = request.META.pop("HTTP_X_FORWARDED_FOR", "")
            request.META["REMOTE_ADDR"] = client_address(peer, heard, settings.TRUSTED_PROXIES)
        else:
            for name in _SAID_BY_PROXIES:
                request.META.pop(name, None)
        return self._get_response(request)


@lru_cache(maxsize=8)
def _networks(trusted: tuple[str, ...]) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    return [ipaddress.ip_network(entry) for entry in trusted]


def _parsed(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address, of IPv4 also if it is written as one of IPv6; None if it is none."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return None
    return getattr(parsed, "ipv4_mapped", None) or parsed


def _is_in(address: str, networks: Iterable[ipaddress.IPv4Network | ipaddress.IPv6Network]) -> bool:
    parsed = _parsed(address)
    return not address or (parsed is not None and any(parsed in network for network in networks))
