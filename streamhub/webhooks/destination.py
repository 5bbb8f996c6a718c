"""Where webhooks may go: to the internet over https, and to what WEBHOOK_INTERNAL_HOSTS lists.

A name is checked when an endpoint is saved, and again at every connection: the addresses that it has then
are checked, and the connection goes to one of these, so a name that changes its meaning gains nothing.
"""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from django.conf import settings
from django.utils.translation import gettext

from streamhub.internet_addresses import Address, on_the_internet

URL_MAX = 500
# Never, not even listed: link-local addresses, where clouds keep their metadata, and what is not one host.
_NEVER = tuple(
    ipaddress.ip_network(network)
    for network in (
        "0.0.0.0/8",
        "169.254.0.0/16",
        "224.0.0.0/4",
        "fe80::/10",
        "fd00:ec2::/32",
        "ff00::/8",
        "::/128",
    )
)


class NotAllowed(Exception):
    """Nothing may be sent there. The message says why, in a sentence."""


@dataclass(frozen=True)
class Destination:
    """A checked URL. `addresses`: where its host is now, all of them allowed."""

    secure: bool
    host: str
    port: int
    path: str
    addresses: tuple[str, ...]

    @property
    def authority(self) -> str:
        """The Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.secure else 80) else f"{host}:{self.port}"


def same_place(url: str, other: str) -> bool:
    """Whether both have the same scheme, host and port. False if one is no URL to which anything may go."""
    try:
        return _place(_parsed(url)) == _place(_parsed(other))
    except NotAllowed:
        return False


def _place(parts: SplitResult) -> tuple[str, str, int]:
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return parts.scheme, (parts.hostname or "").rstrip("."), port


def destination(url: str) -> Destination:
    """Parse the URL, resolve its host and check every address. Raises NotAllowed."""
    parts = _parsed(url)
    _scheme, host, port = _place(parts)
    addresses = _resolved(host, port)
    for address in addresses:
        if not _allowed(host, address):
            where = host if host == str(address) else f"{host} ({address})"
            raise NotAllowed(
                gettext(
                    "%(where)s is in a private or reserved network. WEBHOOK_INTERNAL_HOSTS lists the "
                    "receivers that may be there."
                )
                % {"where": where}
            )
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Destination(parts.scheme == "https", host, port, path, tuple(map(str, addresses)))


def _parsed(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise NotAllowed(gettext("This is no URL: write it like https://example.com/hooks.")) from None
    if len(url) > URL_MAX or not url.isascii() or not url.isprintable() or " " in url:
        raise NotAllowed(
            gettext("Use %(url_max)s printable ASCII characters at most, without spaces.")
            % {"url_max": URL_MAX}
        )
    if parts.scheme not in _schemes():
        raise NotAllowed(
            gettext("Write a URL that begins with %(schemes)s.")
            % {"schemes": gettext(" or ").join(f"{each}://" for each in _schemes())}
        )
    if not parts.hostname:
        raise NotAllowed(gettext("The URL has no host: write it like https://example.com/hooks."))
    if parts.username is not None or parts.password is not None:
        raise NotAllowed(
            gettext("Write no user and no password into the URL: it is shown to everybody here.")
        )
    return parts


def _schemes() -> tuple[str, ...]:
    plain = settings.DEBUG or settings.STREAMHUB_AWS == "embedded"
    return ("https", "http") if plain else ("https",)


def _resolved(host: str, port: int) -> list[Address]:
    """All addresses of the host, in the resolver's order."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise NotAllowed(
            gettext("The name %(host)s has no address: the resolver does not know it.") % {"host": host}
        ) from None
    texts = dict.fromkeys(str(entry[4][0]).partition("%")[0] for entry in found)
    return [ipaddress.ip_address(text) for text in texts]


def _allowed(host: str, address: Address) -> bool:
    plain = getattr(address, "ipv4_mapped", None) or address
    if any(plain in network for network in _NEVER if network.version == plain.version):
        return False
    return on_the_internet(address) or any(
        _listed(entry, host, plain) for entry in settings.WEBHOOK_INTERNAL_HOSTS
    )


def _listed(entry: str, host: str, address: Address) -> bool:
    """An entry is a host name, `*.` and a domain for all names below it, or a network."""
    try:
        network = ipaddress.ip_network(entry, strict=False)
    except ValueError:
        name, entry = host.lower(), entry.lower()
        return name.endswith(entry[1:]) if entry.startswith("*.") else name == entry
    return network.version == address.version and address in network
