"""Settings of signing in, as functions of the variables. Django's settings import it: no Django here."""

from __future__ import annotations

from typing import Any

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
