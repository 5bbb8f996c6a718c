"""Settings of signing in, as functions of the variables. Django's settings import it: no Django here."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

PROVIDER_ID = "house"
ADMINISTRATOR = "administrator"
ROLES = ("viewer", "operator", "engineer", ADMINISTRATOR)


def group_map(words: list[str]) -> tuple[dict[str, str], list[str]]:
    """`["sso-ops=operator"]` as {"sso-ops": "operator"}, and what is wrong with the rest."""
    mapping, mistakes = {}, []
    for word in words:
        theirs, _, ours = word.rpartition("=")
        if theirs and ours in ROLES:
            mapping[theirs] = ours
        else:
            mistakes.append(
                f"OIDC_GROUP_MAP holds {word!r}: write group=role, separated by spaces, with a role of "
                f"{', '.join(ROLES)}."
            )
    return mapping, mistakes


def providers(server_url: str, client_id: str, secret: str, name: str, scope: list[str]) -> dict[str, Any]:
    """allauth's SOCIALACCOUNT_PROVIDERS: none without a server."""
    if not server_url:
        return {}
    app = {
        "provider_id": PROVIDER_ID,
        "name": name,
        "client_id": client_id,
        "secret": secret,
        "settings": {"server_url": server_url, "scope": scope},
    }
    return {"openid_connect": {"APPS": [app], "OAUTH_PKCE_ENABLED": True, "SCOPE": scope}}


def policy(embedded: bool, provider: str) -> dict[str, list[str]]:
    """The content security policy of every page. No inline script runs, and no script of another host.

    - `'unsafe-eval'` is for Alpine.js, with which Unfold's pages evaluate their attributes.
    - Styles may be inline: Unfold writes its colours so, and charts and htmx set styles.
    - Players load media from CloudFront's and the customers' domains; the embedded AWS is plain HTTP here.
    - A form may lead to the house's provider, whose pages may be on more than one host.
    """
    this_machine = ["http://127.0.0.1:*", "http://localhost:*"] if embedded else []
    parts = urlsplit(provider)
    provider_hosts = ["https:", f"{parts.scheme}://{parts.netloc}"] if provider else []
    media = ["'self'", "https:", "blob:", *this_machine]
    return {
        "default-src": ["'self'"],
        "script-src": ["'self'", "'unsafe-eval'"],
        "worker-src": ["'self'", "blob:"],
        "style-src": ["'self'", "'unsafe-inline'"],
        "img-src": ["'self'", "data:", "https:", *this_machine],
        "media-src": media,
        "connect-src": ["'self'", "https:", *this_machine],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
        "form-action": ["'self'", *provider_hosts],
    }
