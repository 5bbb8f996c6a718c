"""The scopes that a token can have. The API refuses any other scope at import time."""

from __future__ import annotations

from collections.abc import Iterable

SCOPES: dict[str, str] = {
    "channels:read": "list and read channels and alarms",
    "channels:write": "create, change, delete and retry channels, acknowledge alarms",
    "breakouts:read": "list and read breakouts and their readiness",
    "breakouts:control": "plan, prepare, start, stop and cancel breakouts, raise and lower their curtain",
    "distributions:read": "list and read distributions and their configuration",
    "distributions:write": "create, detach, sync and retry distributions",
    "usage:read": "read usage, costs and statements",
    "usage:write": "draft, issue and void statements",
}


def unknown_scopes(scopes: Iterable[str]) -> list[str]:
    """The `scopes` that are not in the table, in their order."""
    return [scope for scope in scopes if scope not in SCOPES]
