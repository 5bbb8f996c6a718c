"""For which domain the house's site sets the signed cookies of a playback link. Pure, but for the settings.

A browser takes cookies for the domain of the page's host or one above it, and sends them to all hosts below.
StreamHub does not see the viewers' pages: its answer goes to the server of the event site, which sets them.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from urllib.parse import urlsplit

from django.conf import settings

# A domain of one label is a top-level domain, for which no browser takes cookies.
LABELS_MIN = 2


def cookie_domain(url: str) -> str | None:
    """The domain for the cookies of this playback URL; None if its host is no alias: no site shares that.

    With PLAYBACK_ORIGINS it is the longest one that the alias and these sites share, so that each of them can
    set the cookies; sites that share none play with the query. Otherwise it is the alias domain, below which
    the site that sets them has to be.
    """
    host, domain = urlsplit(url).hostname or "", settings.CLOUDFRONT_ALIAS_DOMAIN
    if not domain or not host.endswith(f".{domain}"):
        return None
    hosts = [urlsplit(origin).hostname or "" for origin in settings.PLAYBACK_ORIGINS]
    near = [each for each in hosts if shared([host, each])]
    return shared([host, *near]) if near else domain


def shared(hosts: Iterable[str]) -> str:
    """The longest domain of two labels or more that all hosts are in; "": none."""
    labels = reduce(_common, (list(reversed(host.split("."))) for host in hosts))
    return ".".join(reversed(labels)) if len(labels) >= LABELS_MIN else ""


def _common(one: list[str], other: list[str]) -> list[str]:
    """The labels, from the top-level domain on, that both have."""
    same = []
    for mine, theirs in zip(one, other, strict=False):
        if mine != theirs:
            break
        same.append(mine)
    return same
