"""What happens at the door: sign-ins, failures, lockouts, sign-outs. The one place that tells of them.

Each is one structured log line `signin_event`, with who, from where, and how.
"""

from __future__ import annotations

from typing import Any, Literal

import structlog
from django.http import HttpRequest

log = structlog.get_logger(__name__)

Event = Literal[
    "signed_in",
    "sign_in_failed",
    "locked_out",
    "throttled",
    "signed_out",
    "session_ended",
    "confirmed",
    "second_factor_added",
    "second_factor_removed",
    "password_changed",
    "roles_from_provider",
    "refused_by_provider",
]

_WARNINGS = ("sign_in_failed", "locked_out", "throttled", "second_factor_removed", "refused_by_provider")


def record(event: Event, who: str, request: HttpRequest | None, **details: Any) -> None:
    """Tell of one event. `who` is the name of the account, as it was typed if it failed; never a secret."""
    address = request.META.get("REMOTE_ADDR", "") if request is not None else ""
    tell = log.warning if event in _WARNINGS else log.info
    tell("signin_event", what=event, who=who[:150], address=address, **details)
