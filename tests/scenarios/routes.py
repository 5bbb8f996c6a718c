"""The routes of an installation, as Django writes them."""

from __future__ import annotations

from collections.abc import Iterator

from django.urls import URLPattern, URLResolver, get_resolver


def patterns(resolver: URLResolver, prefix: str = "") -> Iterator[str]:
    """Every route below a resolver."""
    for entry in resolver.url_patterns:
        path = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from patterns(entry, path)
        elif isinstance(entry, URLPattern):
            yield path


def addresses() -> list[str]:
    """Every route of the admin."""
    return sorted({path for path in patterns(get_resolver()) if path.startswith("admin/")})
