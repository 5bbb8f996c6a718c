"""What happens at the door: sign-ins, failures, lockouts, sign-outs. The one place that tells of them.

Each is one structured log line `signin_event`, with who, from where, and how. What Django's own
signals do not bring into the audit (`user_signals`) goes there from here.
"""

from __future__ import annotations

from typing import Any, Literal

import structlog
from django.contrib.auth.models import User
from django.http import HttpRequest

from streamhub.access import audit
from streamhub.access.actors import Actor, staff_actor
from streamhub.access.audit_entry import Outcome

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

# By event: the verb in the audit, and how it ended. A throttled attempt is none: anybody can make thousands.
_AUDITED: dict[Event, tuple[str, Outcome]] = {
    "locked_out": ("login", Outcome.REFUSED),
    "refused_by_provider": ("login", Outcome.REFUSED),
    "session_ended": ("end_session", Outcome.DONE),
    "confirmed": ("confirm_access", Outcome.DONE),
    "second_factor_added": ("add_second_factor", Outcome.DONE),
    "second_factor_removed": ("remove_second_factor", Outcome.DONE),
}
_WARNINGS = ("sign_in_failed", "locked_out", "throttled", "second_factor_removed", "refused_by_provider")
# Their `who` was typed by somebody who may have confused the fields.
_TYPED = ("sign_in_failed", "locked_out", "throttled")
UNKNOWN = "unknown user"


def record(event: Event, who: str, request: HttpRequest | None, **details: Any) -> None:
    """Tell of one event. `who` is the name of the account, or what was typed instead: that nobody is told."""
    address = request.META.get("REMOTE_ADDR", "") if request is not None else ""
    tell = log.warning if event in _WARNINGS else log.info
    user = User.objects.filter(username=who).first() if who else None
    shown = UNKNOWN if user is None and who and event in _TYPED else who[:150]
    tell("signin_event", what=event, who=shown, address=address, **details)
    # A wrong password is in the audit by Django's signal; a wrong code or a provider's refusal is not.
    beyond_signals = event == "sign_in_failed" and "by" in details
    if verb := ("login", Outcome.REFUSED) if beyond_signals else _AUDITED.get(event):
        _audit(event, user, request, *verb, details)


def _audit(
    event: Event,
    user: User | None,
    request: HttpRequest | None,
    verb: str,
    outcome: Outcome,
    details: dict[str, Any],
) -> None:
    """An unknown name is not stored: it may be a password, typed into the wrong field."""
    actor: Actor | None
    if request is None:
        actor = None  # the command line did it to the user
    elif user is not None and outcome is Outcome.DONE:
        actor = staff_actor(user)
    else:
        actor = Actor("anonymous", user.get_username() if user else UNKNOWN)
    said = ", ".join([event.replace("_", " "), *(f"{name}: {value}" for name, value in details.items())])
    audit.record(verb, user, who=actor, outcome=outcome, detail=said)
