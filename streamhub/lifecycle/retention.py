"""The only way in which transitions and entries of the audit go: whole months, by `manage.py drop_audit`."""

from __future__ import annotations

from datetime import UTC, datetime

from django.utils.translation import gettext as _

from streamhub.access import audit
from streamhub.access.actors import Actor
from streamhub.access.models import AuditEntry
from streamhub.append_only import retention
from streamhub.clock import database_now
from streamhub.errors import Invalid
from streamhub.lifecycle.models import Transition


def audit_drop(before: str, *, who: Actor) -> dict[str, int]:
    """Delete what is older than the month `before` ("2026-03"). Returns how many rows of which kind.

    Leaves an entry that says so, in the same transaction. Raises Invalid for what is no month, and for one
    that has not begun: the present month always stays.
    """
    start = _start_of(before)
    if start > database_now():
        raise Invalid(
            {
                "before": _("%(before)s has not begun: the present month and later ones are kept.")
                % {"before": before}
            }
        )
    with retention():
        dropped = {
            audit.kind_of(model): model._default_manager.filter(at__lt=start).delete()[0]
            for model in (Transition, AuditEntry)
        }
        audit.record(
            "drop_audit", audit.Subject("audit entry"), who=who, detail=f"before {before}", before=dropped
        )
    return dropped


def _start_of(month: str) -> datetime:
    try:
        return datetime.strptime(month, "%Y-%m").replace(tzinfo=UTC)
    except ValueError:
        raise Invalid(
            {"before": _("%(month)s is no month: write it like 2026-03.") % {"month": repr(month)}}
        ) from None
